"""What people read in each language but English, and how times are written there."""
