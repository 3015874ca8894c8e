import pytest

from accounts.crypto import digest, digests, open_sealed, seal
from accounts.crypto.sealing import derive
from accounts.exceptions import DecryptionFailed


def test_opens_what_it_sealed():
    assert open_sealed(seal("a secret\nof two lines", "row:1"), "row:1") == "a secret\nof two lines"


def test_a_value_of_another_row_stays_closed():
    with pytest.raises(DecryptionFailed):
        open_sealed(seal("a secret", "row:1"), "row:2")


@pytest.mark.parametrize("token", ["", "nonsense", "gAAAA", "\ud800", "é"])
def test_nonsense_stays_closed(token):
    with pytest.raises(DecryptionFailed):
        open_sealed(token, "row:1")


def test_an_old_key_still_opens_and_a_removed_one_does_not(settings):
    settings.ENCRYPTION_KEYS = ["the old key, which has enough characters"]
    sealed = seal("a secret", "row:1")

    settings.ENCRYPTION_KEYS = ["the new key, which has enough characters", *settings.ENCRYPTION_KEYS]
    assert open_sealed(sealed, "row:1") == "a secret"

    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    with pytest.raises(DecryptionFailed):
        open_sealed(sealed, "row:1")


def test_digests_differ_by_purpose_and_key(settings):
    old = digest("12345", "purpose")
    settings.ENCRYPTION_KEYS = ["the new key, which has enough characters", *settings.ENCRYPTION_KEYS]

    assert digest("12345", "purpose") != old
    assert old in digests("12345", "purpose")
    assert digest("12345", "another purpose") not in digests("12345", "purpose")


def test_the_clear_text_does_not_show():
    assert "secret" not in seal("secret", "row:1")


def test_r19_what_encrypts_does_not_digest():
    key = "the key, which has enough characters"

    assert len({derive(key, b"encryption"), derive(key, b"digest"), key.encode()}) == 3
