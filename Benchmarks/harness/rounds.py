"""Interleaved rounds: every peer in turn, again and again, so that what the machine does besides
falls on all alike."""

import statistics


def interleaved(quiet, peers, measure, rounds):
    """Measures each peer once a round; `measure` takes a peer and returns numbers by name.

    Returns, by the peers' names, the median of each number, the memory at the end, and all rounds.
    The order turns from round to round, for the first to run after a pause runs differently.
    """
    samples = {peer.name: [] for peer in peers}
    for number in range(rounds):
        for place in range(len(peers)):
            peer = peers[(place + number) % len(peers)]
            samples[peer.name].append(quiet.measure(lambda: measure(peer)))
    return {
        peer.name: {
            **medians(samples[peer.name]),
            "resident": peer.process.resident_bytes(),
            "rounds": samples[peer.name],
        }
        for peer in peers
    }


def medians(samples):
    """The median of each number, whatever is nested."""
    result = {}
    for name, value in samples[0].items():
        if isinstance(value, dict):
            result[name] = medians([sample[name] for sample in samples])
        elif isinstance(value, (int, float)):
            result[name] = statistics.median(sample[name] for sample in samples)
    return result


def percentile(ordered, part):
    """The value below which this part of some ordered values lies."""
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]


def ratio(results, one, other, number="rate"):
    """The median, over the rounds, of one peer's number over another's in the same round."""
    if one not in results or other not in results:
        return None
    pairs = zip(results[one]["rounds"], results[other]["rounds"])
    return statistics.median(first[number] / second[number] for first, second in pairs)
