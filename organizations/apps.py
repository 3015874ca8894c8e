from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        """Connect the signals of accounts, and fill the registries of accounts."""
        from accounts import signals
        from accounts.api.resources import allowed_actions
        from accounts.audit.events import enumerations
        from accounts.outbox.delivery import audiences
        from accounts.tokens import expiry, exposure, lookup
        from accounts.two_factor.demands import demands
        from accounts.users import invited, validators
        from organizations import names, news, tokens
        from organizations.access import gate, rights
        from organizations.events import Event
        from organizations.members import account_changes, addresses, invitation_links

        self.prepare_policy()  # first: its vetoes come before news, and copies before counts
        signals.two_factor_changed.connect(account_changes.tell_of_two_factor)
        signals.address_confirmed.connect(addresses.copy_address)
        signals.account_deleting.connect(account_changes.leave_everything)
        signals.account_standing_changed.connect(account_changes.tell_of_activation)

        enumerations.register("organizations", Event)
        audiences.register_all(news.AUDIENCES)
        lookup.lookups.register("organization", tokens.find)
        expiry.kinds.register("organization", tokens.EXPIRY)
        exposure.kinds.register("organization", tokens.EXPOSURE)
        demands.register("organizations", gate.demand_of)
        allowed_actions.register("can-create-organizations", rights.may_create_organizations)
        validators.further_names.register("organizations", names.organization_names)
        invited.invitations.register(invitation_links.KIND, invitation_links)
        self.prepare_work()
        self.prepare_admin()

    def prepare_work(self) -> None:
        """Say what `run_due_work` does for organizations, and what `doctor` checks of them."""
        from accounts.management.doctor import checks
        from accounts.management.due_work import Step, steps
        from accounts.models.clocks import horizons
        from organizations.management import doctor, evidence_checks
        from organizations.members import batch_work, invitations

        checks.register_all(doctor.CHECKS)
        checks.register_all(evidence_checks.CHECKS)
        horizons.register_all(doctor.HORIZONS)
        steps.register("invitations of lists sent", Step(batch_work.send_due, before_sending=True))
        steps.register("expired invitations deleted", Step(invitations.delete_long_expired))
        steps.register("ended lists of invitations deleted", Step(batch_work.delete_ended))

    def prepare_policy(self) -> None:
        """Have accounts ask what organizations require, and `run_due_work` carry out their dates."""
        from accounts import signals
        from accounts.management.due_work import Step, steps
        from accounts.sessions.lifetimes import extra_columns
        from organizations.policy import former_limits, mirror, progress, schedule, two_factor, user_sessions

        signals.two_factor_removing.connect(two_factor.veto_removal)
        signals.two_factor_consequences.connect(two_factor.consequences)
        signals.two_factor_changed.connect(mirror.mirror)
        signals.account_standing_changed.connect(two_factor.veto_reactivation)
        extra_columns.register_all(user_sessions.LIMITS)
        steps.register("dates announced", Step(schedule.announce_again, before_sending=True))
        steps.register("dates come", Step(schedule.take_effect, before_sending=True))
        steps.register("levels of members found", Step(mirror.backfill_copies))
        steps.register("old days deleted", Step(progress.delete_old_days))
        steps.register("shortened sessions deleted", Step(former_limits.end_by_former_limits))

    def prepare_admin(self) -> None:
        """Say what the admin site shows of a person's organizations, and whom a superuser can let see it."""
        from accounts.users import deactivation
        from accounts.users import support as of_people
        from accounts.users.rights import grantable
        from organizations.access import staff
        from organizations.members import deactivation as of_organizations
        from organizations.members import support

        grantable.register_all(staff.PERMISSIONS)
        of_people.facts.register("organizations", support.locked_out_of)
        of_people.tables.register("organizations", support.organizations_of)
        deactivation.holdings.register("organizations", of_organizations)
