"""Sites of other people, to be compared with: django-two-factor-auth and django-allauth with allauth.mfa.

Each is what its documentation says to install, with its own views and templates; settings and routes are
ours. They live in an environment of their own, `.venv-peers`, which `make bench` makes of `requirements.txt`.
"""
