package io.quorate.engine.decision;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.coordination.Round;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.codecs.ClosedRoundDecoder;
import io.quorate.transport.codecs.ClosedRoundEncoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.OpenRoundDecoder;
import io.quorate.transport.codecs.OpenRoundEncoder;
import io.quorate.transport.codecs.RoundsStateDecoder;
import io.quorate.transport.codecs.RoundsStateEncoder;
import java.util.HexFormat;
import java.util.function.IntUnaryOperator;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The state of the decision machine as bytes: RoundsState, then one OpenRound for each open round, then one ClosedRound for
 * each remembered one. Canonical: equal states have equal bytes, and other bytes are refused.
 */
final class RoundSnapshot {
    private final DecisionContext context;
    private final RoundTable table;
    private final DirectBuffer buffer;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final PeerOutput output;
    private int position;

    private RoundSnapshot(final DecisionContext context, final RoundTable table, final DirectBuffer buffer) {
        this.context = context;
        this.table = table;
        this.buffer = buffer;
        this.output = new PeerOutput(context.coordinator());
    }

    static int encode(
            final CoordinatorContext settings,
            final RoundTable table,
            final MutableDirectBuffer destination,
            final int offset) {
        final MessageHeaderEncoder header = new MessageHeaderEncoder();
        final RoundsStateEncoder state = new RoundsStateEncoder().wrapAndApplyHeader(destination, offset, header);
        state.peerCount(settings.peerCount())
                .dimension(settings.dimension())
                .openCount(table.openCount())
                .closedCount(table.closedCount())
                .closedTotal(table.closedTotal())
                .conflictTotal(table.conflictTotal());
        int end = state.limit();
        for (final RoundTable.Open open : table.openRounds()) {
            end = encodeOpen(settings, open, destination, end);
        }
        for (final RoundTable.Closed closed : table.closedRounds()) {
            final byte[] name = closed.name().getBytes(UTF_8);
            final ClosedRoundEncoder encoder = new ClosedRoundEncoder().wrapAndApplyHeader(destination, end, header);
            encoder.sequence(closed.sequence())
                    .status((short) closed.status().ordinal())
                    .putDecisionDigest(closed.digest(), 0, Digest.LENGTH)
                    .putRound(name, 0, name.length);
            end = encoder.limit();
        }
        return end - offset;
    }

    /** The state that the bytes tell, in a table of its own; refused bytes leave nothing behind. */
    static RoundTable decode(
            final DecisionContext context, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final byte[] bytes = new byte[lengthBytes];
        snapshot.getBytes(offset, bytes);
        final RoundTable table = new RoundTable(context);
        try {
            new RoundSnapshot(context, table, new UnsafeBuffer(bytes)).decodeAll();
            final ExpandableArrayBuffer again = new ExpandableArrayBuffer(lengthBytes + 1);
            final int againLength = encode(context.coordinator(), table, again, 0);
            require(
                    againLength == lengthBytes
                            && new UnsafeBuffer(again, 0, againLength).equals(new UnsafeBuffer(bytes)),
                    "it is not canonical");
        } catch (final IndexOutOfBoundsException | NegativeArraySizeException e) {
            table.close();
            throw new IllegalArgumentException("the snapshot of the rounds is refused: it ends early", e);
        } catch (final IllegalArgumentException e) {
            table.close();
            throw e;
        }
        return table;
    }

    /**
     * The state as an epoch with other peers begins with it. Contributions and conflicts go with their peers. Who asked for an end
     * asks again: what is enough for it may be another number now. A round none of whose contributors is left is dropped, as nobody
     * waits for it. A round whose opener is gone counts for its lowest contributor that may still open one, else for anybody who
     * may; only if the whole group has no place for it, it is dropped.
     */
    static int carry(
            final DecisionContext before,
            final DecisionContext after,
            final DirectBuffer state,
            final int offset,
            final int lengthBytes,
            final IntUnaryOperator oldIdOf,
            final MutableDirectBuffer destination,
            final int destinationOffset) {
        try (RoundTable from = decode(before, state, offset, lengthBytes);
                RoundTable to = new RoundTable(after)) {
            to.totals(from.closedTotal(), from.conflictTotal());
            final int[] places = new int[after.coordinator().peerCount()];
            for (int newId = 0; newId < places.length; newId++) {
                for (final RoundTable.Open open : from.openRounds()) {
                    places[newId] += oldIdOf.applyAsInt(newId) == open.openedBy ? 1 : 0;
                }
            }
            for (final RoundTable.Open open : from.openRounds()) {
                final int opener = openerAfter(after, open, oldIdOf, places);
                if (opener >= 0) {
                    carryOpen(after.coordinator(), open, to.begin(open.round.name(), open.sequence, opener), oldIdOf);
                }
            }
            from.closedRounds().forEach(to::remember);
            return encode(after.coordinator(), to, destination, destinationOffset);
        }
    }

    /** Whose round it is in the next epoch, or -1 if it is dropped. */
    private static int openerAfter(
            final DecisionContext after,
            final RoundTable.Open open,
            final IntUnaryOperator oldIdOf,
            final int[] places) {
        int contributor = -1;
        int anybody = -1;
        boolean isWaitedFor = false;
        for (int newId = places.length - 1; newId >= 0; newId--) {
            final int oldId = oldIdOf.applyAsInt(newId);
            if (oldId == open.openedBy && open.round.hasOutput(oldId)) {
                return newId;
            }
            final boolean isContributor = oldId >= 0 && open.round.hasOutput(oldId);
            final boolean hasPlace = places[newId] < after.roundsPerPeerMax();
            isWaitedFor |= isContributor;
            contributor = isContributor && hasPlace ? newId : contributor;
            anybody = hasPlace ? newId : anybody;
        }
        final int opener = contributor >= 0 ? contributor : anybody;
        if (!isWaitedFor || opener < 0) {
            return -1;
        }
        places[opener]++;
        return opener;
    }

    private static void carryOpen(
            final CoordinatorContext after,
            final RoundTable.Open from,
            final RoundTable.Open to,
            final IntUnaryOperator oldIdOf) {
        final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
        final PeerOutput output = new PeerOutput(after);
        for (int newId = 0; newId < after.peerCount(); newId++) {
            final int oldId = oldIdOf.applyAsInt(newId);
            if (oldId >= 0 && from.round.hasOutput(oldId)) {
                final int length = from.round.encode(oldId, command, 0);
                require(
                        output.wrap(command, 0, length) == ContributionOutcome.ACCEPTED
                                && to.round.add(newId, output) == ContributionOutcome.ACCEPTED,
                        "an output would not be accepted in the next epoch");
                to.round.restoreConflicts(
                        newId,
                        from.round.conflictCount(oldId),
                        HexFormat.of().parseHex(from.round.conflictDigest(oldId)));
            }
        }
    }

    private static int encodeOpen(
            final CoordinatorContext settings,
            final RoundTable.Open open,
            final MutableDirectBuffer destination,
            final int offset) {
        final Round round = open.round;
        final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
        final OpenRoundEncoder encoder =
                new OpenRoundEncoder().wrapAndApplyHeader(destination, offset, new MessageHeaderEncoder());
        encoder.openedSequence(open.sequence).openedBy(open.openedBy);
        final OpenRoundEncoder.DeadlinesEncoder deadlines = encoder.deadlinesCount(open.deadlines.cardinality());
        for (int peer = open.deadlines.nextSetBit(0); peer >= 0; peer = open.deadlines.nextSetBit(peer + 1)) {
            deadlines.next().peerId(peer);
        }
        final OpenRoundEncoder.OutputsEncoder outputs = encoder.outputsCount(round.contributorCount());
        for (int peer = 0; peer < settings.peerCount(); peer++) {
            if (round.hasOutput(peer)) {
                final byte[] conflict = HexFormat.of().parseHex(round.conflictDigest(peer));
                final int length = round.encode(peer, command, 0);
                outputs.next()
                        .peerId(peer)
                        .conflictCount(round.conflictCount(peer))
                        .putConflictDigest(conflict, 0, Digest.LENGTH)
                        .putContribution(command, 0, length);
            }
        }
        final byte[] name = round.name().getBytes(UTF_8);
        encoder.putRound(name, 0, name.length);
        return encoder.limit();
    }

    private void decodeAll() {
        requireMessage(RoundsStateDecoder.TEMPLATE_ID, RoundsStateDecoder.BLOCK_LENGTH);
        final RoundsStateDecoder state = new RoundsStateDecoder().wrapAndApplyHeader(buffer, 0, header);
        final CoordinatorContext settings = context.coordinator();
        require(
                state.peerCount() == settings.peerCount() && state.dimension() == settings.dimension(),
                "it is of " + state.peerCount() + " peers and dimension " + state.dimension() + ", the group has "
                        + settings.peerCount() + " and " + settings.dimension());
        final long openCount = state.openCount();
        final long closedCount = state.closedCount();
        require(
                openCount <= (long) settings.peerCount() * context.roundsPerPeerMax()
                        && closedCount <= context.closedRoundsMax(),
                "it holds more rounds than the group allows");
        table.totals(state.closedTotal(), state.conflictTotal());
        position = state.limit();
        for (long i = 0; i < openCount; i++) {
            decodeOpen();
        }
        for (long i = 0; i < closedCount; i++) {
            decodeClosed();
        }
        require(position == buffer.capacity(), "bytes follow its end");
    }

    private void decodeOpen() {
        requireMessage(OpenRoundDecoder.TEMPLATE_ID, OpenRoundDecoder.BLOCK_LENGTH);
        final OpenRoundDecoder decoder = new OpenRoundDecoder().wrapAndApplyHeader(buffer, position, header);
        // The name stands last in the message; a first pass finds it.
        final String name = nameAfterGroups(decoder);
        final int end = decoder.limit();
        decoder.sbeRewind();
        final int openedBy = member(decoder.openedBy());
        require(table.open(name) == null && table.mayOpen(openedBy), "an open round is one too many");
        final RoundTable.Open open = table.begin(name, decoder.openedSequence(), openedBy);
        for (final OpenRoundDecoder.DeadlinesDecoder one : decoder.deadlines()) {
            open.deadlines.set(member(one.peerId()));
        }
        final byte[] conflict = new byte[Digest.LENGTH];
        for (final OpenRoundDecoder.OutputsDecoder one : decoder.outputs()) {
            final int peer = member(one.peerId());
            final int conflictCount = (int) one.conflictCount();
            one.getConflictDigest(conflict, 0, Digest.LENGTH);
            final int length = one.contributionLength();
            final int start = decoder.limit() + OpenRoundDecoder.OutputsDecoder.contributionHeaderLength();
            require(length >= 0 && length <= buffer.capacity() - start, "an output ends early");
            require(
                    output.wrap(buffer, start, length) == ContributionOutcome.ACCEPTED
                            && output.round().equals(name)
                            && open.round.add(peer, output) == ContributionOutcome.ACCEPTED,
                    "an output would not have been accepted");
            open.round.restoreConflicts(peer, conflictCount, conflict);
            one.skipContribution();
        }
        position = end;
    }

    private void decodeClosed() {
        requireMessage(ClosedRoundDecoder.TEMPLATE_ID, ClosedRoundDecoder.BLOCK_LENGTH);
        final ClosedRoundDecoder decoder = new ClosedRoundDecoder().wrapAndApplyHeader(buffer, position, header);
        final byte[] digest = new byte[Digest.LENGTH];
        decoder.getDecisionDigest(digest, 0, Digest.LENGTH);
        final int status = decoder.status();
        require(status < Decision.Status.values().length, "a closed round has no known status");
        final long sequence = decoder.sequence();
        final String name = name(decoder.limit(), decoder.roundLength(), ClosedRoundDecoder.roundHeaderLength());
        require(table.open(name) == null && table.closed(name) == null, "a round is there twice");
        decoder.skipRound();
        position = decoder.limit();
        table.remember(new RoundTable.Closed(name, sequence, Decision.Status.values()[status], digest));
    }

    private String nameAfterGroups(final OpenRoundDecoder decoder) {
        for (final OpenRoundDecoder.DeadlinesDecoder one : decoder.deadlines()) {
            member(one.peerId());
        }
        for (final OpenRoundDecoder.OutputsDecoder one : decoder.outputs()) {
            one.skipContribution();
        }
        final String name = name(decoder.limit(), decoder.roundLength(), OpenRoundDecoder.roundHeaderLength());
        decoder.skipRound();
        return name;
    }

    private String name(final int fieldPosition, final int length, final int headerLength) {
        require(length >= 0 && length <= PeerOutput.ROUND_LENGTH_MAX, "a round's name is too long");
        final String name = DeadlineCommand.readName(buffer, fieldPosition, fieldPosition + headerLength + length);
        require(name != null, "a round's name is none");
        return name;
    }

    private int member(final int peerId) {
        require(
                peerId < context.coordinator().peerCount(),
                "peer " + peerId + " is not in a group of "
                        + context.coordinator().peerCount());
        return peerId;
    }

    private void requireMessage(final int templateId, final int blockLength) {
        header.wrap(buffer, position);
        require(
                header.templateId() == templateId
                        && header.schemaId() == RoundsStateDecoder.SCHEMA_ID
                        && header.version() == RoundsStateDecoder.SCHEMA_VERSION
                        && header.blockLength() == blockLength,
                "message " + templateId + " is missing");
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new IllegalArgumentException("the snapshot of the rounds is refused: " + message);
        }
    }
}
