"""The list of models and its members, in the form of each family of clients."""
