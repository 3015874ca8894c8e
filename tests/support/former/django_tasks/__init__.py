"""What release 0.1.0 used of the package django-tasks, which is in no lock any more: a call, made at once."""


class Task:
    def __init__(self, function):
        self.function = function

    def using(self, **options):
        return self

    def enqueue(self, *arguments, **options):
        return self.function(*arguments, **options)


def task(**options):
    return Task
