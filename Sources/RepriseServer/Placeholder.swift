enum PlaceholderRepriseServer {}
