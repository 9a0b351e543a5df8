extension JSONSample {
    /// The value with one random change somewhere that changes what it means.
    func changed(from source: inout SeededSource) -> JSONSample {
        switch self {
        case .array(var elements) where !elements.isEmpty && !source.once(in: 3):
            let index = source.pick(0...elements.count - 1)
            elements[index] = elements[index].changed(from: &source)
            return .array(elements)
        case .object(var members) where !members.isEmpty && !source.once(in: 3):
            let name = Self.someName(of: members, from: &source)
            members[name] = members[name]?.changed(from: &source)
            return .object(members)
        default:
            return changedItself(from: &source)
        }
    }

    private func changedItself(from source: inout SeededSource) -> JSONSample {
        switch self {
        case .null:
            return source.pick([
                .bool(false), .number(Decimal(isNegative: false, digits: [], exponent: 0)),
                .string([]), .string(Array("null".unicodeScalars)), .array([]), .object([:]),
            ])
        case .bool(let value):
            return source.pick([.bool(!value), .null, .string(Array("\(value)".unicodeScalars))])
        case .number(let number):
            return changed(number, from: &source)
        case .string(var text):
            if !text.isEmpty, source.once(in: 2) {
                text.remove(at: source.pick(0...text.count - 1))
            } else {
                text.insert(source.pick([" ", "\0", "\\", "x"]), at: source.pick(0...text.count))
            }
            return .string(text)
        case .array(var elements):
            if elements.count > 1, elements[0] != elements[elements.count - 1], source.once(in: 2) {
                elements.swapAt(0, elements.count - 1)
            } else if !elements.isEmpty, source.once(in: 2) {
                elements.removeLast()
            } else {
                elements.append(.null)
            }
            return .array(elements)
        case .object(var members):
            if !members.isEmpty, source.once(in: 2) {
                members[Self.someName(of: members, from: &source)] = nil
            } else {
                var name = Array("stop".unicodeScalars)
                while members[name] != nil { name.append("_") }
                members[name] = .null
            }
            return .object(members)
        }
    }

    private func changed(_ number: Decimal, from source: inout SeededSource) -> JSONSample {
        var number = number
        switch source.pick(0...3) {
        case 0: number.isNegative.toggle()
        case 1 where !number.digits.isEmpty: number.exponent += source.pick([-1, 1])
        case 2: return .string(Array(canonical.unicodeScalars))
        default:
            // One more digit at the end, however many there are.
            number = Decimal(
                isNegative: number.isNegative, digits: number.digits + [1],
                exponent: number.exponent - 1)
        }
        return .number(number)
    }

    private static func someName(
        of members: [[Unicode.Scalar]: JSONSample], from source: inout SeededSource
    ) -> [Unicode.Scalar] {
        source.pick(members.keys.sorted { $0.lexicographicallyPrecedes($1) })
    }
}
