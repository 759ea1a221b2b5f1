"""What makes a network fast on a device, applied from outside."""
