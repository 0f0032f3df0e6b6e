"""What is remembered of the authorization server's answers, and how it is asked for what is not."""
