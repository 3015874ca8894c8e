from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone


class Authenticator(models.Model):
    user = models.OneToOneField(User, models.CASCADE)
    secret = models.CharField(max_length=40)  # hexadecimal, not encrypted: this is the floor
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return f"authenticator {self.pk}"


class Token(models.Model):
    user = models.ForeignKey(User, models.CASCADE)
    token_hash = models.CharField(max_length=64, unique=True)

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return f"token {self.pk}"


class Organization(models.Model):
    name = models.CharField(max_length=40, unique=True)
    email = models.EmailField()
    policy = models.CharField(max_length=32)
    session_timeout = models.PositiveIntegerField(null=True)
    session_remember = models.PositiveIntegerField(null=True)
    members = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False)
    user = models.ForeignKey(User, models.CASCADE)
    username = models.CharField(max_length=40)
    status = models.CharField(max_length=16)
    is_owner = models.BooleanField()
    two_factor = models.BooleanField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "floor"
        indexes = [models.Index(fields=["organization", "status", "username", "id"], name="members_by_name")]

    def __str__(self) -> str:
        return f"membership {self.pk}"


class Event(models.Model):
    user = models.ForeignKey(User, models.CASCADE)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return f"event {self.pk}"
