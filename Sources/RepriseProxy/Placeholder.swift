enum PlaceholderRepriseProxy {}
