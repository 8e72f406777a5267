package io.quorate.engine.decision;

import static io.quorate.engine.coordination.ContributionOutcome.ACCEPTED;
import static io.quorate.engine.coordination.ContributionOutcome.COMMAND_MALFORMED;
import static io.quorate.engine.coordination.ContributionOutcome.CONFLICT;
import static io.quorate.engine.coordination.ContributionOutcome.DEADLINE_COUNTED;
import static io.quorate.engine.coordination.ContributionOutcome.ROUNDS_EXHAUSTED;
import static io.quorate.engine.coordination.ContributionOutcome.ROUND_CLOSED;
import static io.quorate.engine.coordination.ContributionOutcome.ROUND_UNKNOWN;
import static io.quorate.engine.coordination.ContributionOutcome.SENDER_UNKNOWN;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.codecs.ContributionDecoder;
import io.quorate.transport.codecs.DeadlineDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.RoundQueryDecoder;
import io.quorate.transport.codecs.RoundQueryEncoder;
import io.quorate.transport.codecs.RoundStatusDecoder;
import io.quorate.transport.codecs.RoundStatusEncoder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Rounds, driven by ordered commands. A round opens with its first contribution and closes when every member has contributed or
 * q distinct members have asked for its end; then its decision is computed from what counts. Nothing but the commands and
 * their order moves the state.
 *
 * <p>Called on the kernel thread. Whatever bytes a malicious client orders, the reply is one byte, a
 * {@link ContributionOutcome}, or to a query a {@link RoundStatus}, and nothing is thrown.
 */
public final class DecisionMachine implements StateMachine, AutoCloseable {
    private final DecisionContext context;
    private final CoordinatorContext settings;
    private final RoundListener listener;
    private final Coordinator coordinator;
    private final PeerOutput output;
    private final DeadlineCommand deadline = new DeadlineCommand();
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();

    private RoundTable table;

    /** @param context concluded settings */
    public DecisionMachine(final DecisionContext context, final RoundListener listener) {
        context.requireConcluded();
        this.context = context;
        this.settings = context.coordinator();
        this.listener = listener;
        this.coordinator = new Coordinator(settings);
        this.output = new PeerOutput(settings);
        this.table = new RoundTable(context);
    }

    @Override
    public int apply(
            final long sequence,
            final int clientId,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer reply,
            final int replyOffset) {
        if (isQuery(request, offset, lengthBytes)) {
            return read(clientId, request, offset, lengthBytes, reply, replyOffset);
        }
        reply.putByte(
                replyOffset,
                outcome(sequence, clientId, request, offset, lengthBytes).code());
        return 1;
    }

    private boolean isQuery(final DirectBuffer request, final int offset, final int lengthBytes) {
        return lengthBytes >= MessageHeaderDecoder.ENCODED_LENGTH
                && header.wrap(request, offset).templateId() == RoundQueryDecoder.TEMPLATE_ID;
    }

    /**
     * Answers a RoundQuery with a RoundStatus, anything else with the one byte of {@code COMMAND_MALFORMED}. A round is unknown,
     * then open, then closed, then after many others forgotten: unknown again, but after more have closed.
     */
    @Override
    public int read(
            final int clientId,
            final DirectBuffer query,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer answer,
            final int answerOffset) {
        final String name = queriedRound(query, offset, lengthBytes);
        if (name == null) {
            answer.putByte(answerOffset, COMMAND_MALFORMED.code());
            return 1;
        }
        final RoundTable.Open open = table.open(name);
        final RoundTable.Closed closed = table.closed(name);
        final RoundStatus status;
        if (closed != null) {
            final boolean isAgreed = closed.status() == Decision.Status.AGREED;
            status = new RoundStatus(
                    isAgreed ? RoundStatus.Standing.AGREED : RoundStatus.Standing.NO_QUORUM,
                    closed.sequence(),
                    closed.digest());
        } else if (open != null) {
            status = new RoundStatus(RoundStatus.Standing.OPEN, open.sequence, null);
        } else {
            status = new RoundStatus(RoundStatus.Standing.UNKNOWN, table.closedTotal(), null);
        }
        return status.encode(answer, answerOffset);
    }

    private String queriedRound(final DirectBuffer query, final int offset, final int lengthBytes) {
        final int position = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        final int end = offset + lengthBytes;
        if (!isQuery(query, offset, lengthBytes)
                || header.schemaId() != RoundQueryDecoder.SCHEMA_ID
                || header.version() != RoundQueryDecoder.SCHEMA_VERSION
                || header.blockLength() != RoundQueryDecoder.BLOCK_LENGTH) {
            return null;
        }
        return DeadlineCommand.readName(query, position, end);
    }

    /**
     * How the state of this machine goes over into an epoch with other peers (docs/protocols/reconfiguration.md, section 4).
     *
     * @param before settings of the group that ends; concluded
     * @param after settings of the one that follows: other peers, the same otherwise
     */
    public static StateMachine.Carrier carrier(final DecisionContext before, final DecisionContext after) {
        return (state, offset, lengthBytes, oldIdOf, destination, destinationOffset) ->
                RoundSnapshot.carry(before, after, state, offset, lengthBytes, oldIdOf, destination, destinationOffset);
    }

    @Override
    public int snapshot(final MutableDirectBuffer destination, final int offset) {
        return RoundSnapshot.encode(settings, table, destination, offset);
    }

    @Override
    public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final RoundTable restored = RoundSnapshot.decode(context, snapshot, offset, lengthBytes);
        table.close();
        table = restored;
        listener.onRestored();
        for (final RoundTable.Open one : table.openRounds()) {
            listener.onRoundOpened(one.round.name(), one.sequence);
        }
        for (final RoundTable.Closed one : table.closedRounds()) {
            listener.onRoundRecovered(
                    one.name(), one.sequence(), one.status(), one.digest().clone());
        }
    }

    public int openRoundCount() {
        return table.openCount();
    }

    public int closedRoundCount() {
        return table.closedCount();
    }

    /** Rounds closed since the group began. */
    public long closedTotal() {
        return table.closedTotal();
    }

    /** Second, different contributions refused since the group began. */
    public long conflictTotal() {
        return table.conflictTotal();
    }

    /** SHA-256 of the decision of a recently closed round, or null. */
    public byte[] digestOf(final String round) {
        final RoundTable.Closed closed = table.closed(round);
        return closed == null ? null : closed.digest().clone();
    }

    /** Gives the off-heap memory back. */
    @Override
    public void close() {
        table.close();
        coordinator.close();
    }

    private ContributionOutcome outcome(
            final long sequence,
            final int clientId,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes) {
        if (clientId < 0 || clientId >= settings.peerCount()) {
            return SENDER_UNKNOWN;
        }
        if (lengthBytes < MessageHeaderDecoder.ENCODED_LENGTH) {
            return COMMAND_MALFORMED;
        }
        switch (header.wrap(request, offset).templateId()) {
            case ContributionDecoder.TEMPLATE_ID:
                return onContribution(sequence, clientId, request, offset, lengthBytes);
            case DeadlineDecoder.TEMPLATE_ID:
                return onDeadline(sequence, clientId, request, offset, lengthBytes);
            default:
                return COMMAND_MALFORMED;
        }
    }

    private ContributionOutcome onContribution(
            final long sequence,
            final int clientId,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes) {
        final ContributionOutcome refusal = output.wrap(request, offset, lengthBytes);
        if (refusal != ACCEPTED) {
            return refusal;
        }
        final String name = output.round();
        if (table.closed(name) != null) {
            return ROUND_CLOSED;
        }
        RoundTable.Open open = table.open(name);
        if (open == null) {
            if (!table.mayOpen(clientId)) {
                return ROUNDS_EXHAUSTED;
            }
            open = table.begin(name, sequence, clientId);
            listener.onRoundOpened(name, sequence);
        }
        final ContributionOutcome outcome = open.round.add(clientId, output);
        if (outcome == CONFLICT) {
            table.countConflict();
        }
        if (open.round.contributorCount() == settings.peerCount()) {
            decide(open, sequence);
        }
        return outcome;
    }

    private ContributionOutcome onDeadline(
            final long sequence,
            final int clientId,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes) {
        final ContributionOutcome refusal = deadline.wrap(request, offset, lengthBytes);
        if (refusal != ACCEPTED) {
            return refusal;
        }
        final String name = deadline.round();
        if (table.closed(name) != null) {
            return ROUND_CLOSED;
        }
        final RoundTable.Open open = table.open(name);
        if (open == null) {
            return ROUND_UNKNOWN;
        }
        open.deadlines.set(clientId);
        if (open.deadlines.cardinality() >= settings.quorum().quorum()) {
            decide(open, sequence);
        }
        return DEADLINE_COUNTED;
    }

    private void decide(final RoundTable.Open open, final long sequence) {
        final long startNs = context.nanoTime().getAsLong();
        coordinator.coordinate(open.round);
        final long executionNs = context.nanoTime().getAsLong() - startNs;
        final Decision decision = Decision.of(open.round, sequence, coordinator, executionNs);
        table.end(open, new RoundTable.Closed(decision.round(), sequence, decision.status(), decision.digest()));
        listener.onRoundClosed(decision);
    }

    /** Writes the query for what is known of a round; returns its length in bytes. */
    public static int encodeQuery(final MutableDirectBuffer destination, final int offset, final String round) {
        final byte[] name = round.getBytes(UTF_8);
        final RoundQueryEncoder encoder =
                new RoundQueryEncoder().wrapAndApplyHeader(destination, offset, new MessageHeaderEncoder());
        encoder.putRound(name, 0, name.length);
        return MessageHeaderEncoder.ENCODED_LENGTH + encoder.encodedLength();
    }

    /**
     * What the group knows of a round.
     *
     * @param version tells this answer from an earlier, equal one: the sequence that opened or closed the round; of an unknown one
     *     how many rounds had closed
     * @param digest of a closed round SHA-256 of its decision; else null
     */
    public record RoundStatus(Standing standing, long version, byte[] digest, long staleNs) {
        /** In {@link #staleNs()}: the group answered. */
        public static final long FRESH = -1;

        /** As the group says it. */
        public RoundStatus(final Standing standing, final long version, final byte[] digest) {
            this(standing, version, digest, FRESH);
        }

        /** Where a round stands; the code is its place. */
        public enum Standing {
            UNKNOWN,
            OPEN,
            AGREED,
            NO_QUORUM
        }

        /** Reads the answer to a query; null if the bytes are none. */
        public static RoundStatus decode(final DirectBuffer answer, final int offset, final int lengthBytes) {
            if (lengthBytes != MessageHeaderDecoder.ENCODED_LENGTH + RoundStatusDecoder.BLOCK_LENGTH
                    || new MessageHeaderDecoder().wrap(answer, offset).templateId() != RoundStatusDecoder.TEMPLATE_ID) {
                return null;
            }
            final RoundStatusDecoder decoder =
                    new RoundStatusDecoder().wrapAndApplyHeader(answer, offset, new MessageHeaderDecoder());
            if (decoder.status() >= Standing.values().length) {
                return null;
            }
            final Standing standing = Standing.values()[decoder.status()];
            final byte[] digest = new byte[RoundStatusDecoder.decisionDigestEncodingLength()];
            decoder.getDecisionDigest(digest, 0, digest.length);
            final boolean isClosed = standing == Standing.AGREED || standing == Standing.NO_QUORUM;
            return new RoundStatus(standing, decoder.version(), isClosed ? digest : null);
        }

        /** True if only the asked peer says so, which is cut off from a quorum: the group may know better. */
        public boolean isStale() {
            return staleNs != FRESH;
        }

        /** The same, as a peer says it that has not reached a quorum for so long. */
        public RoundStatus stale(final long forNs) {
            return new RoundStatus(standing, version, digest, forNs);
        }

        int encode(final MutableDirectBuffer destination, final int offset) {
            final RoundStatusEncoder encoder =
                    new RoundStatusEncoder().wrapAndApplyHeader(destination, offset, new MessageHeaderEncoder());
            encoder.status((short) standing.ordinal()).version(version);
            final byte[] bytes = digest == null ? new byte[RoundStatusEncoder.decisionDigestEncodingLength()] : digest;
            encoder.putDecisionDigest(bytes, 0, bytes.length);
            return MessageHeaderEncoder.ENCODED_LENGTH + encoder.encodedLength();
        }
    }
}
