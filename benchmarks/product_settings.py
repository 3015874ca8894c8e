"""Define the settings of the product with one more page: the list of members without the gate."""

from tfc_auth.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.product_urls"
