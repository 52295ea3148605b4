"""Which orders of the app's own layers are worth a try, and what a try has changed."""
