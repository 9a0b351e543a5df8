public import RepriseCore
public import RepriseNetwork

extension HeadFields {
    /// The fields as the core takes them.
    public var headerFields: [HeaderField] {
        var fields: [HeaderField] = []
        fields.reserveCapacity(count)
        for position in positions {
            fields.append(
                HeaderField(
                    name: Array(bytes[position.name]), value: Array(bytes[position.value])))
        }
        return fields
    }
}
