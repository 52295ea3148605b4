"""What a test suite itself sends through the apps that it meets."""
