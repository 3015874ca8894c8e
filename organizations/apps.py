from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        """Hear what accounts asks and tells. Importing policy also registers who reads its mails."""
        from accounts import signals
        from accounts.api import resources
        from accounts.audit.events import enumerations
        from organizations import lifecycle, tokens
        from organizations.events import Event
        from organizations.management import doctor
        from organizations.members import memberships
        from organizations.policy import two_factor, user_sessions

        signals.two_factor_removing.connect(two_factor.veto_disable)
        signals.two_factor_consequences.connect(two_factor.consequences)
        signals.two_factor_changed.connect(two_factor.mirror)
        signals.account_deleting.connect(memberships.leave_everything)
        user_sessions.shorten_sessions()
        doctor.register_checks()
        tokens.register()
        resources.PERMISSIONS["can-create-organizations"] = lifecycle.may_create_organizations
        enumerations.register("organizations", Event)
