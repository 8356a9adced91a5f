"""What the sample folder is drawn from: reports as data, their layout, and the pictures."""
