import RepriseNetwork
import Testing

@testable import RepriseStorage

/// The commands that wait on a connection, in milliseconds after its first one.
struct RedisPendingCommandsTests {
    private let none = RedisPendingCommands<Int>(
        patience: .milliseconds(100), longestReply: .milliseconds(3000))

    private func at(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
    }

    @Test func repliesBelongToTheCommandsInTheirOrder() {
        var commands = none
        commands.append(1, deadline: at(100), now: at(0))
        commands.append(nil, deadline: at(100), now: at(0))
        commands.append(2, deadline: at(50), now: at(0))
        #expect(commands.count == 3)
        #expect(commands.takeFirst() == .some(1))
        #expect(commands.takeFirst() == .some(nil))
        #expect(commands.takeFirst() == .some(2))
        #expect(commands.takeFirst() == .none)
    }

    @Test func shortDeadlineCountsBehindALongOne() {
        var commands = none
        commands.append(1, deadline: at(3000), now: at(0))
        commands.append(2, deadline: at(90), now: at(0))
        commands.append(3, deadline: at(95), now: at(0))
        let early = commands.lapse(now: at(80), isSent: true)
        #expect(early.overdue.isEmpty && !early.isHung && early.next == at(90))
        let late = commands.lapse(now: at(90), isSent: true)
        #expect(late.overdue == [2] && !late.isHung && late.next == at(95))
        #expect(commands.lapse(now: at(90), isSent: true).overdue.isEmpty)
    }

    @Test func replyOfAnOverdueCommandKeepsItsPlace() {
        var commands = none
        commands.append(1, deadline: at(10), now: at(0))
        commands.append(2, deadline: at(100), now: at(0))
        #expect(commands.lapse(now: at(10), isSent: true).overdue == [1])
        #expect(commands.takeFirst() == .some(nil))
        #expect(commands.takeFirst() == .some(2))
    }

    @Test func serverThatIsSilentForTheWholePatienceIsHung() {
        var commands = none
        commands.append(1, deadline: at(50), now: at(0))
        let lapse = commands.lapse(now: at(50), isSent: true)
        #expect(lapse.overdue == [1] && !lapse.isHung && lapse.next == at(100))
        #expect(!commands.lapse(now: at(99), isSent: true).isHung)
        #expect(commands.lapse(now: at(100), isSent: true).isHung)
    }

    @Test func silenceBeforeTheFirstCommandDoesNotCount() {
        var commands = none
        commands.noteArrival(now: at(0))
        // Sent on by another node, with little time left.
        commands.append(1, deadline: at(5001), now: at(5000))
        let lapse = commands.lapse(now: at(5001), isSent: true)
        #expect(lapse.overdue == [1] && !lapse.isHung && lapse.next == at(5100))
    }

    @Test func serverThatSendsSomethingIsNotHungUntilItTakesTooLong() {
        var commands = none
        commands.append(1, deadline: at(100), now: at(0))
        for time in stride(from: Int64(90), to: 3090, by: 90) {
            commands.noteArrival(now: at(time))
            commands.append(2, deadline: at(time + 100), now: at(time))
            #expect(!commands.lapse(now: at(time + 9), isSent: true).isHung)
        }
        commands.noteArrival(now: at(3099))
        #expect(commands.lapse(now: at(3099), isSent: true).next == at(3100))
        #expect(commands.lapse(now: at(3100), isSent: true).isHung)
    }

    @Test func serverIsNotHungWhileNothingIsOverdue() {
        var commands = none
        commands.append(1, deadline: at(9000), now: at(0))
        let lapse = commands.lapse(now: at(8999), isSent: true)
        #expect(!lapse.isHung && lapse.overdue.isEmpty && lapse.next == at(9000))
    }

    @Test func commandsThatAreNotSentYetTellNothingOfTheServer() {
        var commands = none
        commands.append(1, deadline: at(100), now: at(0))
        let lapse = commands.lapse(now: at(9000), isSent: false)
        #expect(lapse.overdue == [1] && !lapse.isHung && lapse.next == nil)
    }

    @Test func nobodyIsLeftBehindWhenAllIsTakenOff() {
        var commands = none
        commands.append(1, deadline: at(100), now: at(0))
        commands.append(nil, deadline: at(100), now: at(0))
        commands.append(2, deadline: at(200), now: at(0))
        #expect(commands.lapse(now: at(100), isSent: true).overdue == [1])
        #expect(commands.takeAll() == [2])
        #expect(commands.count == 0 && commands.lapse(now: at(900), isSent: true).next == nil)
    }

    @Test func manyCommandsKeepTheirOrder() {
        var commands = none
        var taken: [Int] = []
        for number in 0..<1000 {
            commands.append(number, deadline: at(100), now: at(0))
            if number % 3 == 2 { taken.append((commands.takeFirst() ?? nil) ?? -1) }
        }
        while let next = commands.takeFirst() { taken.append(next ?? -1) }
        #expect(taken == Array(0..<1000))
    }
}
