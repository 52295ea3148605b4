"""What follows from the observations: pure functions, model in and model out."""
