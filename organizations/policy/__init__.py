"""What an organization demands of its members."""
