"""The filter that names the method behind a proof."""

from django import template

from accounts.factors.methods import label_of

register = template.Library()

register.filter("method_label", label_of)
