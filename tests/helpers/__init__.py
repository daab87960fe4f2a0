"""What tests share: the table of losses, one face for both hosts."""
