"""What `manage.py demo` loads: a company of forty people and its last three months. With DEBUG only."""
