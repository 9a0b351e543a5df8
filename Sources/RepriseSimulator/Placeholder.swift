enum PlaceholderRepriseSimulator {}
