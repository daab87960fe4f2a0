"""What computes derivatives: all rows in blocks, by the fastest kernel that knows the loss."""
