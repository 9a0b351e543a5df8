enum PlaceholderRepriseTesting {}
