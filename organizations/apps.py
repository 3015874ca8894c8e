from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        """Hear what accounts asks and tells. Importing policy also registers who reads its mails."""
        from accounts import activity, signals  # noqa: PLC0415
        from organizations import doctor, events, memberships, policy, user_sessions  # noqa: PLC0415

        signals.two_factor_removing.connect(policy.veto_disable)
        signals.two_factor_consequences.connect(policy.consequences)
        signals.two_factor_changed.connect(policy.mirror)
        signals.account_deleting.connect(memberships.leave_everything)
        user_sessions.shorten_sessions()
        doctor.register_checks()
        activity.SENTENCES.update(events.SENTENCES)
