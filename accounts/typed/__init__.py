"""Read what people type and paste: codes, phone numbers, names, addresses, passwords."""
