package io.quorate.engine.pbft;

import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.quorum.Quorum;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a new view must re-propose, computed by every replica from the same signed view changes (Castro's thesis,
 * MIT-LCS-TR-817, section 3.2.4; the rule and why it is safe: docs/protocols/pbft.md). A pure function.
 *
 * <p>With h the highest base of the set, for each sequence s above h up to the highest in any P: (d, v) out of some P is
 * chosen if q messages whose window holds s report nothing prepared at s in a higher view and no other digest in view v, and
 * f+1 messages hold d in Q at a view of at least v; the null batch if q messages whose window holds s prepared nothing there;
 * else the set does not decide and more messages are needed. Null batches at the end are left out: nothing committed there,
 * so the primary may assign these sequences afresh.
 */
final class NewView {
    /** Claims about sequences, P or Q of a view change; in rising order of sequence. */
    static final class Claims {
        private final long[] sequences;
        private final long[] views;
        private final Digest256[] digests;

        Claims(final int count) {
            sequences = new long[count];
            views = new long[count];
            digests = new Digest256[count];
        }

        int count() {
            return sequences.length;
        }

        void set(final int index, final long sequence, final long view, final Digest256 digest) {
            sequences[index] = sequence;
            views[index] = view;
            digests[index] = new Digest256().set(digest);
        }

        long sequence(final int index) {
            return sequences[index];
        }

        long view(final int index) {
            return views[index];
        }

        Digest256 digest(final int index) {
            return digests[index];
        }

        /** Index of the first claim about a sequence, or -1. */
        int find(final long sequence) {
            int from = 0;
            int to = sequences.length;
            while (from < to) {
                final int middle = (from + to) >>> 1;
                if (sequences[middle] < sequence) {
                    from = middle + 1;
                } else {
                    to = middle;
                }
            }
            return from < sequences.length && sequences[from] == sequence ? from : -1;
        }

        /** True if the claims hold this digest at this sequence in a view of at least {@code viewMin}. */
        boolean holds(final long sequence, final Digest256 digest, final long viewMin) {
            final int first = find(sequence);
            for (int i = first; i >= 0 && i < sequences.length && sequences[i] == sequence; i++) {
                if (views[i] >= viewMin && digests[i].isEqual(digest)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** One signed VIEW-CHANGE: who, for which view, from which stable checkpoint, with P and Q; and the bytes that travel. */
    static final class Vote {
        private final int replicaId;
        private final long view;
        private final Checkpoints.Certificate base;
        private final Claims prepared;
        private final Claims prePrepared;
        private final UnsafeBuffer statement;
        private final Digest256 digest = new Digest256();

        Vote(
                final int replicaId,
                final long view,
                final Checkpoints.Certificate base,
                final int preparedCount,
                final int prePreparedCount,
                final DirectBuffer statement,
                final int offset,
                final int lengthBytes) {
            this.replicaId = replicaId;
            this.view = view;
            this.base = base;
            prepared = new Claims(preparedCount);
            prePrepared = new Claims(prePreparedCount);
            this.statement = copy(statement, offset, lengthBytes);
        }

        int replicaId() {
            return replicaId;
        }

        long view() {
            return view;
        }

        Checkpoints.Certificate base() {
            return base;
        }

        boolean isNamed(final long ofView, final Digest256 name) {
            return view == ofView && digest.isEqual(name);
        }

        long baseSequence() {
            return base.sequence();
        }

        /** P. */
        Claims prepared() {
            return prepared;
        }

        /** Q. */
        Claims prePrepared() {
            return prePrepared;
        }

        /** Signature first, then the signed bytes. */
        UnsafeBuffer statement() {
            return statement;
        }

        /** SHA-256 of the signed bytes; a new view names the vote by it. */
        Digest256 digest() {
            return digest;
        }

        /** True if the vote can speak of a sequence: one outside its window it could not have prepared, nor denies. */
        boolean covers(final long sequence, final int windowLength) {
            return baseSequence() < sequence && sequence <= baseSequence() + windowLength;
        }
    }

    /** One signed NEW-VIEW: the view and the view changes it rests on, by signer and digest. */
    static final class Proposal {
        private final long view;
        private final int[] replicaIds;
        private final Digest256[] digests;
        private final Vote[] votes;
        private final UnsafeBuffer statement;
        long fetchAtNs = PbftContext.LONG_AGO_NS;
        int fetchTurn;

        Proposal(
                final long view,
                final int count,
                final DirectBuffer statement,
                final int offset,
                final int lengthBytes) {
            this.view = view;
            replicaIds = new int[count];
            digests = new Digest256[count];
            votes = new Vote[count];
            this.statement = copy(statement, offset, lengthBytes);
        }

        void set(final int index, final int replicaId, final Digest256 digest) {
            replicaIds[index] = replicaId;
            digests[index] = new Digest256().set(digest);
        }

        long view() {
            return view;
        }

        int count() {
            return replicaIds.length;
        }

        int replicaId(final int index) {
            return replicaIds[index];
        }

        Digest256 digest(final int index) {
            return digests[index];
        }

        Vote[] votes() {
            return votes;
        }

        UnsafeBuffer statement() {
            return statement;
        }

        /** The view change of that name if this rests on it and has it; else null. */
        Vote find(final int replicaId, final long ofView, final Digest256 name) {
            for (final Vote vote : votes) {
                if (vote != null && vote.replicaId() == replicaId && vote.isNamed(ofView, name)) {
                    return vote;
                }
            }
            return null;
        }

        /** Keeps a vote if the proposal names it. */
        boolean supply(final Vote vote) {
            for (int i = 0; i < replicaIds.length; i++) {
                if (votes[i] == null
                        && replicaIds[i] == vote.replicaId()
                        && view == vote.view()
                        && digests[i].isEqual(vote.digest())) {
                    votes[i] = vote;
                    return true;
                }
            }
            return false;
        }

        boolean lacks(final int replicaId) {
            for (int i = 0; i < replicaIds.length; i++) {
                if (replicaIds[i] == replicaId) {
                    return votes[i] == null;
                }
            }
            return false;
        }

        boolean isComplete() {
            for (final Vote vote : votes) {
                if (vote == null) {
                    return false;
                }
            }
            return true;
        }
    }

    private final Checkpoints.Certificate base;
    private final Digest256[] digests;
    private final long spokenFor;

    private NewView(final Checkpoints.Certificate base, final Digest256[] digests, final long spokenFor) {
        this.base = base;
        this.digests = digests;
        this.spokenFor = spokenFor;
    }

    /** The stable checkpoint that the view starts from. */
    Checkpoints.Certificate base() {
        return base;
    }

    /** Highest sequence that the view re-proposes; the base's if none. */
    long top() {
        return base.sequence() + digests.length;
    }

    /** U(S): the highest sequence that the windows of q votes reach. Of what lies above, the set says nothing. */
    long spokenFor() {
        return spokenFor;
    }

    /** What the view assigns to a sequence above the base, up to the top. */
    Digest256 digest(final long sequence) {
        return digests[(int) (sequence - base.sequence() - 1)];
    }

    /**
     * The choice from a set of votes for one view, one a replica.
     *
     * @return null if the set does not decide
     */
    static NewView choose(final Vote[] votes, final Quorum quorum, final int windowLength, final Digest256 nullDigest) {
        if (votes.length < quorum.quorum()) {
            return null;
        }
        Checkpoints.Certificate base = votes[0].base();
        long last = 0;
        for (final Vote vote : votes) {
            base = vote.baseSequence() > base.sequence() ? vote.base() : base;
            final Claims prepared = vote.prepared();
            last = prepared.count() == 0 ? last : Math.max(last, prepared.sequence(prepared.count() - 1));
        }
        final int count = (int) Math.max(0, last - base.sequence());
        final Digest256[] chosen = new Digest256[count];
        int used = 0;
        for (int i = 0; i < count; i++) {
            final long sequence = base.sequence() + 1 + i;
            chosen[i] = chooseOne(votes, sequence, quorum, windowLength);
            if (chosen[i] != null) {
                used = i + 1;
            } else if (isFree(votes, sequence, quorum, windowLength)) {
                chosen[i] = nullDigest;
            } else {
                return null;
            }
        }
        return new NewView(base, java.util.Arrays.copyOf(chosen, used), spokenFor(votes, quorum, windowLength));
    }

    /**
     * As {@link #choose}, for a primary, which may wait for more: not a view that would begin and order nothing, since it assigns nothing
     * and nothing fresh gets a vote in it (rule U2).
     */
    static NewView chooseFertile(
            final Vote[] votes, final Quorum quorum, final int windowLength, final Digest256 nullDigest) {
        final NewView chosen = choose(votes, quorum, windowLength, nullDigest);
        final boolean isBarren =
                chosen != null && chosen.top() <= chosen.base.sequence() && chosen.spokenFor <= chosen.base.sequence();
        return isBarren ? null : chosen;
    }

    private static long spokenFor(final Vote[] votes, final Quorum quorum, final int windowLength) {
        final long[] bases = new long[votes.length];
        for (int i = 0; i < votes.length; i++) {
            bases[i] = votes[i].baseSequence();
        }
        java.util.Arrays.sort(bases);
        return bases[bases.length - quorum.quorum()] + windowLength;
    }

    /** The prepared digest that must be kept; if several may be, that of the highest view, then the lowest digest. */
    private static Digest256 chooseOne(
            final Vote[] votes, final long sequence, final Quorum quorum, final int windowLength) {
        Digest256 best = null;
        long bestView = -1;
        for (final Vote vote : votes) {
            final int claim = vote.prepared().find(sequence);
            if (claim < 0) {
                continue;
            }
            final long view = vote.prepared().view(claim);
            final Digest256 digest = vote.prepared().digest(claim);
            final boolean isBetter =
                    view > bestView || (view == bestView && best != null && digest.compareTo(best) < 0);
            if (isBetter
                    && isUncontradicted(votes, sequence, view, digest, quorum, windowLength)
                    && isVouchedFor(votes, sequence, view, digest, quorum)) {
                best = digest;
                bestView = view;
            }
        }
        return best;
    }

    /** Condition A1. */
    private static boolean isUncontradicted(
            final Vote[] votes,
            final long sequence,
            final long view,
            final Digest256 digest,
            final Quorum quorum,
            final int windowLength) {
        int count = 0;
        for (final Vote vote : votes) {
            final int claim = vote.prepared().find(sequence);
            final boolean isSilent = claim < 0 || vote.prepared().view(claim) < view;
            final boolean isAgreed = claim >= 0
                    && vote.prepared().view(claim) == view
                    && vote.prepared().digest(claim).isEqual(digest);
            if (vote.covers(sequence, windowLength) && (isSilent || isAgreed)) {
                count++;
            }
        }
        return count >= quorum.quorum();
    }

    /** Condition A2. */
    private static boolean isVouchedFor(
            final Vote[] votes, final long sequence, final long view, final Digest256 digest, final Quorum quorum) {
        int count = 0;
        for (final Vote vote : votes) {
            if (vote.prePrepared().holds(sequence, digest, view)) {
                count++;
            }
        }
        return count >= quorum.oneCorrect();
    }

    /** Condition B. */
    private static boolean isFree(
            final Vote[] votes, final long sequence, final Quorum quorum, final int windowLength) {
        int count = 0;
        for (final Vote vote : votes) {
            if (vote.covers(sequence, windowLength) && vote.prepared().find(sequence) < 0) {
                count++;
            }
        }
        return count >= quorum.quorum();
    }

    private static UnsafeBuffer copy(final DirectBuffer source, final int offset, final int lengthBytes) {
        final byte[] bytes = new byte[lengthBytes];
        source.getBytes(offset, bytes);
        return new UnsafeBuffer(bytes);
    }
}
