enum PlaceholderRepriseStorage {}
