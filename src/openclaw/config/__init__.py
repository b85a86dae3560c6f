"""What the operator declared, checked and compiled."""
