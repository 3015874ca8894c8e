from django.contrib.auth.models import User
from django.db import models


class Authenticator(models.Model):
    user = models.OneToOneField(User, models.CASCADE)
    secret = models.CharField(max_length=40)  # hexadecimal, and in clear: this is the floor
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return f"authenticator {self.pk}"
