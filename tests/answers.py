"""How a person finds the right answer, for each factor. A new factor adds one entry; no test changes."""

import pyotp

from accounts import factors


def code_of_an_application(factor, user, state):
    return pyotp.TOTP(factor.describe(user, state, enrolling=True)["key"]).now()


def a_backup_code(factor, user, state):
    return factor.reveal(user)[0]


# slug -> (how to answer while enrolling, how to answer afterwards: both get (factor, user, state))
ENROLLING = {"app": code_of_an_application}
RIGHT = {"backup-codes": a_backup_code}


def enrol_device(factor, user):
    """Enrol through the protocol alone; return (device, state, function for the next right answer)."""
    state = factor.begin_enrolment(user)
    find = ENROLLING.get(factor.slug)
    answer = find(factor, user, state) if find else ""
    later = later_answers(factor, user, state)
    device = factor.complete_enrolment(user, answer, state)
    return device, state, later


def later_answers(factor, user, state):
    if factor.slug in RIGHT:
        return lambda: RIGHT[factor.slug](factor, user, state)
    key = factor.describe(user, state, enrolling=True)["key"]

    def next_step():
        # Stands for waiting 30 seconds.
        factor.device_model.objects.filter(user=user, confirmed=True).update(last_step=-1)
        return pyotp.TOTP(key).now()

    return next_step


def all_factors():
    return factors.all_factors()
