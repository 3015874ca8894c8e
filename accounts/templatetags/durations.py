"""Template filters for durations, in the words that the whole site uses."""

from django import template

from accounts.web.durations import in_words, minutes_in_words

register = template.Library()

register.filter(in_words)
register.filter(minutes_in_words)
