public import RepriseCore
public import RepriseNetwork

extension HeadFields {
    /// The fields as the core takes them.
    public var headerFields: [HeaderField] {
        var fields: [HeaderField] = []
        fields.reserveCapacity(count)
        let bytes = bytes.span
        for position in positions {
            var name: [UInt8] = []
            name.append(copying: bytes.extracting(position.name))
            var value: [UInt8] = []
            value.append(copying: bytes.extracting(position.value))
            fields.append(HeaderField(lowerCaseName: name, value: value))
        }
        return fields
    }
}
