package io.quorate.peer.watch;

import java.util.Locale;

/** How one peer sees the others, as a table for people. */
final class PeersText {
    private static final double NS_PER_MS = 1e6;

    private PeersText() {}

    /** Group, epoch, how many are reached, and whether this peer takes writes. */
    static String summary(final PeerReading reading) {
        final long reached = PeerReading.number(reading.health(), "reached");
        final String profile = PeerReading.text(reading.mesh(), "profile");
        final long left = PeerReading.number(reading.health(), "toleranceLeft");
        return "peer " + reading.number("peer") + " (" + reading.text("name") + "), group " + reading.text("group")
                + ", epoch " + reading.number("epoch") + "\n"
                + (profile.equals("off")
                        ? "  membership is off: nobody watches anybody; lag shows who takes part in the order\n"
                        : "  reaches " + reached + " of " + reading.number("peers") + " (itself included), profile "
                                + profile
                                + ", "
                                + (reading.isWritable()
                                        ? "takes requests"
                                        : PeerReading.text(reading.mesh(), "refusal"))
                                + "\n")
                + "  the group bears " + faulty(PeerReading.number(reading.health(), "faultyMax")) + ": "
                + (left >= 0
                        ? left + " more than are gone, doubted or proven liars now"
                        : -left + " fewer than are gone, doubted or proven liars now")
                + "\n";
    }

    private static String faulty(final long count) {
        return count == 1 ? "1 faulty peer" : count + " faulty peers";
    }

    /** A line for each member, itself included. */
    static String table(final PeerReading reading) {
        final TextTable table =
                new TextTable(4, "ID", "NAME", "STATE", "REACHED", "ROUND TRIP", "LAG", "REPUTATION", "INCARNATION");
        final long selfId = reading.number("peer");
        final long newest = reading.newestSequence();
        for (final PeerReading.Member member : reading.members()) {
            final boolean isSelf = member.peerId() == selfId;
            final boolean isWatched = !member.state().equals("unwatched");
            final long roundTripNs = PeerReading.number(member.fields(), "roundTripNanos");
            table.row(
                    String.valueOf(member.peerId()),
                    member.name(),
                    isSelf ? "itself" : member.state(),
                    isSelf || !isWatched ? "-" : member.isReached() ? "yes" : "no",
                    roundTripNs == 0 ? "-" : milliseconds(roundTripNs),
                    count(newest - PeerReading.number(member.fields(), "votedSequence")),
                    isSelf || !isWatched ? "-" : count(PeerReading.number(member.fields(), "reputation")),
                    isWatched ? count(PeerReading.number(member.fields(), "incarnation")) : "-");
        }
        return table.render();
    }

    static String count(final long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    static String milliseconds(final long ns) {
        return String.format(Locale.ROOT, "%.2f ms", ns / NS_PER_MS);
    }
}
