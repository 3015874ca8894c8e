from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        """Connect the signals of accounts, and fill the registries of accounts."""
        from accounts import signals
        from accounts.api.resources import allowed_actions
        from accounts.audit.events import enumerations
        from accounts.management.doctor import checks
        from accounts.management.due_work import Step, steps
        from accounts.models.clocks import horizons
        from accounts.outbox.delivery import audiences
        from accounts.sessions.lifetimes import extra_columns
        from accounts.tokens import expiry, exposure, lookup
        from accounts.two_factor.demands import demands
        from accounts.users import invited, validators
        from organizations import names, news, tokens
        from organizations.access import gate, rights
        from organizations.events import Event
        from organizations.management import doctor
        from organizations.members import account_changes, addresses, invitation_links, invitations
        from organizations.policy import former_limits, two_factor, user_sessions

        signals.two_factor_removing.connect(two_factor.veto_disable)
        signals.two_factor_consequences.connect(two_factor.consequences)
        signals.two_factor_changed.connect(two_factor.mirror)
        signals.two_factor_changed.connect(account_changes.tell_of_two_factor)
        signals.address_confirmed.connect(addresses.copy_address)
        signals.account_deleting.connect(account_changes.leave_everything)
        signals.account_standing_changed.connect(two_factor.veto_reactivation)
        signals.account_standing_changed.connect(account_changes.tell_of_activation)

        enumerations.register("organizations", Event)
        audiences.register_all(news.AUDIENCES)
        lookup.lookups.register("organization", tokens.find)
        expiry.kinds.register("organization", tokens.EXPIRY)
        exposure.kinds.register("organization", tokens.EXPOSURE)
        demands.register("organizations", gate.demand_of)
        allowed_actions.register("can-create-organizations", rights.may_create_organizations)
        validators.further_names.register("organizations", names.organization_names)
        invited.invitations.register("organizations", invitation_links)
        extra_columns.register_all(user_sessions.LIMITS)
        checks.register_all(doctor.CHECKS)
        steps.register("expired invitations deleted", Step(invitations.delete_long_expired))
        steps.register("shortened sessions deleted", Step(former_limits.end_by_former_limits))
        horizons.register_all(doctor.HORIZONS)
        self.prepare_admin()

    def prepare_admin(self) -> None:
        """Say what the admin site shows of a person's organizations, and whom a superuser can let see it."""
        from accounts.users import deactivation
        from accounts.users import support as of_people
        from accounts.users.rights import grantable
        from organizations.access import staff
        from organizations.members import deactivation as holdings
        from organizations.members import support

        grantable.register_all(staff.PERMISSIONS)
        of_people.facts.register("organizations", support.locked_out_of)
        of_people.tables.register("organizations", support.organizations_of)
        deactivation.holdings.register("organizations", holdings)
