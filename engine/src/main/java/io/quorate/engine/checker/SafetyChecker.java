package io.quorate.engine.checker;

import io.quorate.transport.auth.SigningDomain;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Watches everything that correct peers do and stops the run at the first step that must never be taken. It knows all peers
 * at once, which no peer does, and shares no code with the protocol that it judges.
 */
public final class SafetyChecker {
    /** What must never happen, happened. */
    public static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String property;

        public Violation(final String property, final String statement) {
            super(property + ": " + statement);
            this.property = property;
        }

        /** Which property was violated, in one word. */
        public String property() {
            return property;
        }
    }

    /** One applied request, as the first correct peer to apply it saw it. */
    private record Applied(long sequence, int clientId, long commandId, long chain) {}

    private final List<Applied> order = new ArrayList<>();
    private final Map<Long, Long> positions = new HashMap<>();

    /** Per submitted command: no place up to this one is left for it. */
    private final Map<Long, Long> submitted = new HashMap<>();

    /** What submitted commands write. */
    private final Map<Long, Write> writes = new HashMap<>();

    /** Per read under way: everything up to this place must be visible to it. */
    private final Map<Long, Long> readBounds = new HashMap<>();

    /** Reads that were believed and speak of places that have not committed yet. */
    private final List<Read> openReads = new ArrayList<>();

    private record Write(int register, long value) {}

    private record Read(int clientId, long queryId, int register, long setAt, long value, long bound) {}

    private final Map<Long, Long> committed = new HashMap<>();
    private final Map<State, Long> checkpoints = new HashMap<>();
    private final Map<Long, Opened> opened = new HashMap<>();

    /** Highest sequence that some correct peer has committed in an epoch. */
    private final Map<Long, Long> committedMax = new HashMap<>();

    private final Map<Vote, Long> votes = new HashMap<>();
    private final Map<Long, Long> believed = new HashMap<>();

    /** By position: replies that were believed before any correct peer said that their place has committed. */
    private final Map<Long, Belief> early = new HashMap<>();

    /** The highest position whose reply some correct client has believed. */
    private long believedMax = -1;

    /** Every query that a correct client ever asked: if it is ordered, it is applied. */
    private final Set<Long> asked = new HashSet<>();

    private IntPredicate isHonest = clientId -> false;

    private record State(long epoch, long sequence) {}

    /** What an epoch begins with, as the first correct peer to open it knows it. */
    private record Opened(long sequence, long roster, long stateDigest) {}

    private record Belief(int clientId, long commandId, long position, long chain) {}

    /** The place a correct peer can vote once in: kind is the template id of the vote. */
    private record Vote(int peerId, int kind, long view, long sequence) {}

    /** Tells the clients that are correct: what is applied in their name they have submitted. */
    public void honest(final IntPredicate newIsHonest) {
        isHonest = newIsHonest;
    }

    /** A correct client hands in a command, once. */
    public void onSubmitted(final long commandId, final int register, final long value) {
        writes.put(commandId, new Write(register, value));
        submitted.put(commandId, believedMax);
    }

    /**
     * A correct peer opened an epoch above a sequence. Every other correct peer that opens it must begin in the same way: an epoch
     * has one successor, and no sequence belongs to both.
     *
     * @param roster hash of the roster
     */
    public void onOpened(
            final int peerId, final long epoch, final long sequence, final long roster, final long stateDigest) {
        final Opened mine = new Opened(sequence, roster, stateDigest);
        final Opened first = opened.putIfAbsent(epoch, mine);
        if (first != null && !first.equals(mine)) {
            throw new Violation(
                    "succession",
                    "peer " + peerId + " opens epoch " + epoch + " with " + mine + ", another with " + first);
        }
        final long before = committedMax.getOrDefault(epoch - 1, 0L);
        if (before > sequence) {
            throw new Violation(
                    "succession",
                    "epoch " + epoch + " begins above sequence " + sequence + ", but " + before
                            + " committed in the epoch before");
        }
    }

    /** A correct peer committed a digest at a sequence; every other correct peer must commit the same there, in the same epoch. */
    public void onCommitted(final int peerId, final long epoch, final long sequence, final long digest) {
        final Opened own = opened.get(epoch);
        final Opened next = opened.get(epoch + 1);
        if ((own != null && sequence <= own.sequence()) || (next != null && sequence > next.sequence())) {
            throw new Violation(
                    "succession",
                    "peer " + peerId + " commits sequence " + sequence + " in epoch " + epoch + ", which is not its: "
                            + own + ", " + next);
        }
        committedMax.merge(epoch, sequence, Math::max);
        final Long first = committed.putIfAbsent(sequence, digest);
        if (first != null && first != digest) {
            throw new Violation(
                    "agreement",
                    "peer " + peerId + " commits " + Long.toHexString(digest) + " at sequence " + sequence
                            + " where another correct peer committed " + Long.toHexString(first));
        }
    }

    /** A correct peer applied a request as the {@code position}-th of its history. */
    public void onApplied(
            final int peerId,
            final long position,
            final long sequence,
            final int clientId,
            final long commandId,
            final long chain) {
        if (position < order.size()) {
            final Applied first = order.get((int) position);
            if (!first.equals(new Applied(sequence, clientId, commandId, chain))) {
                throw new Violation(
                        "order",
                        "peer " + peerId + " applies command " + Long.toHexString(commandId) + " of client " + clientId
                                + " at sequence " + sequence + " as number " + position + " where another applied "
                                + first);
            }
            return;
        }
        if (position > order.size()) {
            throw new Violation(
                    "order",
                    "peer " + peerId + " applies number " + position + " but only " + order.size() + " are known");
        }
        if (isHonest.test(clientId) && !submitted.containsKey(commandId) && !asked.contains(commandId)) {
            throw new Violation(
                    "authenticity",
                    "peer " + peerId + " applies command " + Long.toHexString(commandId) + " of client " + clientId
                            + ", which never submitted it");
        }
        order.add(new Applied(sequence, clientId, commandId, chain));
        final Long taken = submitted.get(commandId);
        if (taken != null && position <= taken) {
            throw new Violation(
                    "linearizability",
                    "command " + Long.toHexString(commandId) + " is number " + position
                            + ", though it was submitted when the reply to number " + taken + " had been believed");
        }
        final Belief belief = early.remove(position);
        if (belief != null) {
            check(belief);
        }
        judgeReads();
        final Long before = positions.putIfAbsent(commandId, position);
        if (before != null && submitted.containsKey(commandId)) {
            throw new Violation(
                    "exactly-once",
                    "command " + Long.toHexString(commandId) + " of client " + clientId + " was number " + before
                            + " and is applied again as number " + position);
        }
    }

    /** A correct peer took over a state that stands for so many applied requests. */
    public void onRestored(final int peerId, final long appliedCount, final long chain) {
        if (appliedCount > order.size()
                || (appliedCount > 0 && order.get((int) appliedCount - 1).chain() != chain)) {
            throw new Violation(
                    "order",
                    "peer " + peerId + " restores a state of " + appliedCount + " requests that no correct peer had");
        }
    }

    /** A correct peer took a checkpoint. */
    public void onCheckpoint(final int peerId, final long epoch, final long sequence, final long snapshotHash) {
        final Long first = checkpoints.putIfAbsent(new State(epoch, sequence), snapshotHash);
        if (first != null && first != snapshotHash) {
            throw new Violation(
                    "checkpoints",
                    "peer " + peerId + " and another correct peer have different states at sequence " + sequence);
        }
    }

    /**
     * A correct client believes a reply to its command. It must name the command's own place in the order and be the reply that
     * this order gives; a tentative reply may be believed before that place has committed, and is judged then. A command that is
     * submitted after a reply was believed must stand behind the one replied to: with this the register is linearizable.
     */
    public void onBelieved(final int clientId, final long commandId, final long position, final long chain) {
        if (believed.putIfAbsent(commandId, position) != null) {
            throw new Violation("replies", "client " + clientId + " is told twice of command " + commandId);
        }
        believedMax = Math.max(believedMax, position);
        final Belief belief = new Belief(clientId, commandId, position, chain);
        if (position >= 0 && position < order.size()) {
            check(belief);
            return;
        }
        final Belief other = early.putIfAbsent(position, belief);
        if (position < 0 || other != null) {
            throw new Violation("replies", "no place, or one that is taken: " + belief + " after " + other);
        }
    }

    private void check(final Belief belief) {
        final Applied applied = order.get((int) belief.position());
        if (applied.commandId() != belief.commandId()
                || applied.clientId() != belief.clientId()
                || applied.chain() != belief.chain()) {
            throw new Violation(
                    "replies",
                    "client " + belief.clientId() + " believes that command "
                            + Long.toHexString(belief.commandId()) + " is number " + belief.position()
                            + ", which is " + applied);
        }
    }

    /** Replies and answers that were believed and whose place no correct peer has applied for good yet. */
    public int earlyCount() {
        return early.size() + openReads.size();
    }

    /** A correct client begins a read. */
    public void onReadBegun(final long queryId) {
        readBounds.put(queryId, believedMax);
        asked.add(queryId);
    }

    /** The read was never asked. */
    public void onReadGivenUp(final long queryId) {
        readBounds.remove(queryId);
    }

    /**
     * A correct client believes that a register holds a value which the command at the place {@code setAt} wrote, -1 if none did.
     * That is the register at some place of the order; none that is too old: with b the highest place that any client knew of
     * when the read began, nothing up to b may have written the register after {@code setAt}. From then on the read's place is
     * known, too.
     */
    public void onReadBelieved(
            final int clientId, final long queryId, final int register, final long setAt, final long value) {
        final Long bound = readBounds.remove(queryId);
        if (bound == null) {
            throw new Violation("replies", "client " + clientId + " is told twice of read " + queryId);
        }
        believedMax = Math.max(believedMax, setAt);
        openReads.add(new Read(clientId, queryId, register, setAt, value, bound));
        judgeReads();
    }

    private void judgeReads() {
        openReads.removeIf(read -> {
            if (Math.max(read.bound(), read.setAt()) >= order.size()) {
                return false;
            }
            judge(read);
            return true;
        });
    }

    private void judge(final Read read) {
        if (read.setAt() >= 0) {
            final Write write = writes.get(order.get((int) read.setAt()).commandId());
            if (write == null || write.register() != read.register() || write.value() != read.value()) {
                throw new Violation("linearizability", "nobody wrote there what " + read + " saw, but " + write);
            }
        } else if (read.setAt() < -1 || read.value() != 0) {
            throw new Violation("linearizability", read + " saw what no register holds at the start");
        }
        for (long place = read.setAt() + 1; place <= read.bound(); place++) {
            final Write write = writes.get(order.get((int) place).commandId());
            if (write != null && write.register() == read.register()) {
                throw new Violation(
                        "linearizability",
                        read + " is stale: number " + place + " had written the register, and number " + read.bound()
                                + " was known to a client, when it began");
            }
        }
    }

    /**
     * A correct peer sends a vote. It may repeat it, never change it: not in this life and not in one it has forgotten.
     *
     * @param kind template id of the vote's message
     */
    public void onVote(final int peerId, final int kind, final long view, final long sequence, final long digest) {
        final Long first = votes.putIfAbsent(new Vote(peerId, kind, view, sequence), digest);
        if (first != null && first != digest) {
            throw new Violation(
                    "one-vote",
                    "peer " + peerId + " votes twice in view " + view + " at sequence " + sequence + " (message " + kind
                            + "): for " + Long.toHexString(first) + " and " + Long.toHexString(digest));
        }
    }

    /**
     * A correct peer signs a statement that it may make once: the checkpoint of a sequence, what follows an epoch; in one life, its
     * view change to a view from a base and its new view. A later life starts above everything that these could speak of.
     *
     * @param occasion the life, and of a view change its base
     * @param subject the sequence, or the view as a number of its own in each epoch
     * @param contentHash of the signed bytes
     */
    public void onSigned(
            final int peerId,
            final long occasion,
            final SigningDomain domain,
            final long subject,
            final long contentHash) {
        if (domain == SigningDomain.CHECKPOINT
                || domain == SigningDomain.HANDOVER
                || domain == SigningDomain.NEW_VIEW
                || domain == SigningDomain.VIEW_CHANGE) {
            final boolean isOfAllLives = domain == SigningDomain.CHECKPOINT || domain == SigningDomain.HANDOVER;
            onVote(peerId, -1 - domain.ordinal(), subject, isOfAllLives ? 0 : occasion, contentHash);
        }
    }

    /** How many requests the group has applied. */
    public long appliedCount() {
        return order.size();
    }

    /** True once some correct peer has applied the command. */
    public boolean isApplied(final long commandId) {
        return positions.containsKey(commandId);
    }
}
