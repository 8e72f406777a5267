package io.quorate.engine.metrics;

/** How the other peers take part in the order: the commits that came for each recent sequence, and each peer's newest. Consensus thread. */
public final class Turnout {
    private final long[] lastSequences;
    private final long[] sequences;
    private final int[] votes;

    /** @param windowLength sequences that may be voted for at a time */
    public Turnout(final int peerCount, final int windowLength) {
        lastSequences = new long[peerCount];
        sequences = new long[windowLength];
        votes = new int[windowLength];
    }

    /** A commit of another peer counted. */
    public void onVote(final int peerId, final long sequence) {
        final int cell = (int) (sequence % sequences.length);
        votes[cell] = sequences[cell] == sequence ? votes[cell] + 1 : 1;
        sequences[cell] = sequence;
        lastSequences[peerId] = Math.max(lastSequences[peerId], sequence);
    }

    /** Commits of others that came for a sequence; 0 if it is long over. */
    public int votes(final long sequence) {
        final int cell = (int) (sequence % sequences.length);
        return sequences[cell] == sequence ? votes[cell] : 0;
    }

    /** Older sequences than the newest so many are forgotten. */
    int windowLength() {
        return sequences.length;
    }

    public int peerCount() {
        return lastSequences.length;
    }

    /** The newest sequence that a peer voted for; 0 before the first. */
    public long lastSequence(final int peerId) {
        return lastSequences[peerId];
    }
}
