package io.quorate.engine.decision;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.Grouping;
import io.quorate.engine.coordination.Topology;
import io.quorate.engine.decision.Decision.Conflict;
import io.quorate.engine.decision.Decision.Contributor;
import io.quorate.engine.decision.Decision.Status;
import io.quorate.engine.decision.Decision.Suspect;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.codecs.DecisionRecordDecoder;
import io.quorate.transport.codecs.DecisionRecordEncoder;
import io.quorate.transport.codecs.GossipRecordDecoder;
import io.quorate.transport.codecs.GossipRecordEncoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.TopologyRecordDecoder;
import io.quorate.transport.codecs.TopologyRecordEncoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The canonical encoding of a decision: the SBE message DecisionRecord, header included. docs/protocols/decision.md lists it
 * byte by byte.
 */
final class DecisionEncoding {
    private static final int NO_PEER_WIRE = 0xFFFF;
    private static final HexFormat HEX = HexFormat.of();

    private DecisionEncoding() {}

    static byte[] digest(final Decision decision) {
        final byte[] encoding = encode(decision);
        final byte[] digest = new byte[Digest.LENGTH];
        new Digest().update(encoding).finish(new UnsafeBuffer(digest), 0);
        return digest;
    }

    static byte[] encode(final Decision decision) {
        final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer(4096);
        final DecisionRecordEncoder encoder =
                new DecisionRecordEncoder().wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder());
        encodeFields(encoder, decision);
        encodeContributors(encoder, decision.contributors());
        final DecisionRecordEncoder.ByzantineEncoder byzantine =
                encoder.byzantineCount(decision.byzantine().size());
        for (final Suspect suspect : decision.byzantine()) {
            byzantine
                    .next()
                    .peerId(suspect.peerId())
                    .distance(suspect.distance())
                    .score(suspect.score());
        }
        final DecisionRecordEncoder.ConflictsEncoder conflicts =
                encoder.conflictsCount(decision.conflicts().size());
        for (final Conflict conflict : decision.conflicts()) {
            conflicts.next().peerId(conflict.peerId()).conflictCount(conflict.count());
            conflicts.putConflictDigest(HEX.parseHex(conflict.firstDigest()), 0, Digest.LENGTH);
        }
        final byte[] consensus =
                decision.isAgreed() ? decision.verdict().consensus().getBytes(UTF_8) : new byte[0];
        final byte[] fused = floatBytes(decision.fused());
        final byte[] round = decision.round().getBytes(UTF_8);
        encoder.putRound(round, 0, round.length)
                .putConsensus(consensus, 0, consensus.length)
                .putFused(fused, 0, fused.length);
        final byte[] bytes = new byte[encodeDetails(decision, buffer, encoder.limit())];
        buffer.getBytes(0, bytes);
        return bytes;
    }

    static Decision decode(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final byte[] bytes = new byte[lengthBytes];
        buffer.getBytes(offset, bytes);
        final Decision decision;
        try {
            decision = decodeFields(new UnsafeBuffer(bytes));
        } catch (final IndexOutOfBoundsException | NegativeArraySizeException e) {
            throw new IllegalArgumentException("the bytes of the decision end early", e);
        }
        if (!Arrays.equals(bytes, encode(decision))) {
            throw new IllegalArgumentException("the bytes are not the canonical encoding of a decision");
        }
        return decision;
    }

    private static void encodeFields(final DecisionRecordEncoder encoder, final Decision decision) {
        final Decision.Settings settings = decision.settings();
        final Decision.Verdict verdict = decision.verdict();
        encoder.sequence(decision.sequence())
                .mode((short) settings.mode().ordinal())
                .grouping((short) settings.grouping().ordinal())
                .status((short) verdict.status().ordinal())
                .reserved((short) 0)
                .peerCount(settings.peerCount())
                .heads(settings.heads())
                .faulty(settings.faulty())
                .quorum(settings.quorum())
                .largestGroup(verdict.largestGroup())
                .consensusPeer(verdict.consensusPeer() == Decision.NO_PEER ? NO_PEER_WIRE : verdict.consensusPeer())
                .temperature(settings.temperature())
                .nearThreshold(settings.nearThreshold())
                .agreement(verdict.agreement())
                .strength(verdict.strength());
    }

    private static void encodeContributors(final DecisionRecordEncoder encoder, final List<Contributor> contributors) {
        final DecisionRecordEncoder.ContributorsEncoder group = encoder.contributorsCount(contributors.size());
        for (final Contributor contributor : contributors) {
            final byte[] type = contributor.type().getBytes(UTF_8);
            group.next().peerId(contributor.peerId()).group(contributor.group()).influence(contributor.influence());
            group.putOutputDigest(HEX.parseHex(contributor.outputDigest()), 0, Digest.LENGTH);
            group.putPeerType(type, 0, type.length);
        }
    }

    /** Writes what belongs to the mode behind the record; returns where it ends. */
    private static int encodeDetails(final Decision decision, final ExpandableArrayBuffer buffer, final int position) {
        if (decision.details() instanceof final Decision.Gossip gossip) {
            final GossipRecordEncoder encoder =
                    new GossipRecordEncoder().wrapAndApplyHeader(buffer, position, new MessageHeaderEncoder());
            encoder.putGraphDigest(HEX.parseHex(gossip.graphDigest()), 0, Digest.LENGTH)
                    .gossipRounds(gossip.rounds())
                    .spreadBefore(gossip.spreadBefore())
                    .spreadAfter(gossip.spreadAfter());
            final GossipRecordEncoder.FinalsEncoder finals =
                    encoder.finalsCount(gossip.finalDistances().size());
            gossip.finalDistances().forEach(distance -> finals.next().distance(distance));
            return encoder.limit();
        }
        if (decision.details() instanceof final Decision.Turn turn) {
            final TopologyRecordEncoder encoder =
                    new TopologyRecordEncoder().wrapAndApplyHeader(buffer, position, new MessageHeaderEncoder());
            encoder.putGraphDigest(HEX.parseHex(turn.graphDigest()), 0, Digest.LENGTH)
                    .ropeMode((short) turn.rope().mode().ordinal())
                    .sigma(turn.rope().sigma())
                    .ladder(turn.rope().ladder());
            return encoder.limit();
        }
        return position;
    }

    private static Decision.Details decodeDetails(
            final Coordinator.Mode mode, final int contributorCount, final DirectBuffer buffer, final int position) {
        switch (mode) {
            case GOSSIP:
                return decodeGossip(contributorCount, buffer, position);
            case TOPOLOGY:
                return decodeTurn(buffer, position);
            default:
                return null;
        }
    }

    private static Decision.Gossip decodeGossip(
            final int contributorCount, final DirectBuffer buffer, final int position) {
        final MessageHeaderDecoder header = detailsHeader(
                buffer, position, GossipRecordDecoder.TEMPLATE_ID, GossipRecordDecoder.BLOCK_LENGTH, "GossipRecord");
        final GossipRecordDecoder decoder = new GossipRecordDecoder().wrapAndApplyHeader(buffer, position, header);
        final byte[] graphDigest = new byte[Digest.LENGTH];
        decoder.getGraphDigest(graphDigest, 0, Digest.LENGTH);
        final int rounds = decoder.gossipRounds();
        final double spreadBefore = decoder.spreadBefore();
        final double spreadAfter = decoder.spreadAfter();
        final List<Double> distances = new ArrayList<>();
        for (final GossipRecordDecoder.FinalsDecoder one : decoder.finals()) {
            distances.add(one.distance());
        }
        require(distances.size() == contributorCount, "the number of final states is not that of the contributors");
        return new Decision.Gossip(HEX.formatHex(graphDigest), rounds, spreadBefore, spreadAfter, distances);
    }

    private static Decision.Turn decodeTurn(final DirectBuffer buffer, final int position) {
        final MessageHeaderDecoder header = detailsHeader(
                buffer,
                position,
                TopologyRecordDecoder.TEMPLATE_ID,
                TopologyRecordDecoder.BLOCK_LENGTH,
                "TopologyRecord");
        final TopologyRecordDecoder decoder = new TopologyRecordDecoder().wrapAndApplyHeader(buffer, position, header);
        final byte[] graphDigest = new byte[Digest.LENGTH];
        decoder.getGraphDigest(graphDigest, 0, Digest.LENGTH);
        return new Decision.Turn(
                HEX.formatHex(graphDigest),
                new Topology.Rope(
                        choice(Topology.Rope.Mode.values(), decoder.ropeMode(), "the rope's mode"),
                        decoder.sigma(),
                        decoder.ladder()));
    }

    private static MessageHeaderDecoder detailsHeader(
            final DirectBuffer buffer,
            final int position,
            final int templateId,
            final int blockLength,
            final String message) {
        final MessageHeaderDecoder header = new MessageHeaderDecoder().wrap(buffer, position);
        require(
                header.schemaId() == MessageHeaderDecoder.SCHEMA_ID
                        && header.templateId() == templateId
                        && header.version() == MessageHeaderDecoder.SCHEMA_VERSION
                        && header.blockLength() == blockLength,
                "the bytes after the DecisionRecord are no " + message + " of this schema version");
        return header;
    }

    private static Decision decodeFields(final DirectBuffer buffer) {
        final MessageHeaderDecoder header = new MessageHeaderDecoder().wrap(buffer, 0);
        require(
                header.schemaId() == DecisionRecordDecoder.SCHEMA_ID
                        && header.templateId() == DecisionRecordDecoder.TEMPLATE_ID
                        && header.version() == DecisionRecordDecoder.SCHEMA_VERSION
                        && header.blockLength() == DecisionRecordDecoder.BLOCK_LENGTH,
                "the bytes are no DecisionRecord of this schema version");
        final DecisionRecordDecoder decoder = new DecisionRecordDecoder().wrapAndApplyHeader(buffer, 0, header);
        final Decision.Settings settings = new Decision.Settings(
                choice(Coordinator.Mode.values(), decoder.mode(), "mode"),
                choice(Grouping.Rule.values(), decoder.grouping(), "grouping"),
                decoder.peerCount(),
                decoder.heads(),
                decoder.faulty(),
                decoder.quorum(),
                decoder.temperature(),
                decoder.nearThreshold());
        final Status status = choice(Status.values(), decoder.status(), "status");
        final int largestGroup = decoder.largestGroup();
        final int consensusPeer = decoder.consensusPeer() == NO_PEER_WIRE ? Decision.NO_PEER : decoder.consensusPeer();
        final double agreement = decoder.agreement();
        final double strength = decoder.strength();
        final long sequence = decoder.sequence();

        final byte[] digest = new byte[Digest.LENGTH];
        final List<Contributor> contributors = new ArrayList<>();
        for (final DecisionRecordDecoder.ContributorsDecoder one : decoder.contributors()) {
            final int peerId = one.peerId();
            final int group = one.group();
            final double influence = one.influence();
            one.getOutputDigest(digest, 0, Digest.LENGTH);
            final byte[] type = new byte[within(buffer, one.peerTypeLength())];
            one.getPeerType(type, 0, type.length);
            contributors.add(new Contributor(peerId, new String(type, UTF_8), group, influence, HEX.formatHex(digest)));
        }
        final List<Suspect> byzantine = new ArrayList<>();
        for (final DecisionRecordDecoder.ByzantineDecoder one : decoder.byzantine()) {
            byzantine.add(new Suspect(one.peerId(), one.distance(), one.score()));
        }
        final List<Conflict> conflicts = new ArrayList<>();
        for (final DecisionRecordDecoder.ConflictsDecoder one : decoder.conflicts()) {
            one.getConflictDigest(digest, 0, Digest.LENGTH);
            conflicts.add(new Conflict(one.peerId(), (int) one.conflictCount(), HEX.formatHex(digest)));
        }
        final byte[] round = new byte[within(buffer, decoder.roundLength())];
        decoder.getRound(round, 0, round.length);
        final byte[] consensus = new byte[within(buffer, decoder.consensusLength())];
        decoder.getConsensus(consensus, 0, consensus.length);
        final byte[] fused = new byte[within(buffer, decoder.fusedLength())];
        decoder.getFused(fused, 0, fused.length);
        final Decision.Verdict verdict = new Decision.Verdict(
                status,
                largestGroup,
                consensusPeer,
                status == Status.AGREED ? new String(consensus, UTF_8) : null,
                agreement,
                strength);
        return new Decision(
                new String(round, UTF_8),
                sequence,
                settings,
                verdict,
                contributors,
                byzantine,
                conflicts,
                floats(fused),
                decodeDetails(settings.mode(), contributors.size(), buffer, decoder.limit()),
                null);
    }

    private static byte[] floatBytes(final float[] floats) {
        final byte[] bytes = new byte[floats.length * Float.BYTES];
        final UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        for (int i = 0; i < floats.length; i++) {
            buffer.putFloat(i * Float.BYTES, floats[i], LITTLE_ENDIAN);
        }
        return bytes;
    }

    private static float[] floats(final byte[] bytes) {
        final float[] floats = new float[bytes.length / Float.BYTES];
        final UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        for (int i = 0; i < floats.length; i++) {
            floats[i] = buffer.getFloat(i * Float.BYTES, LITTLE_ENDIAN);
        }
        return floats;
    }

    private static <T> T choice(final T[] choices, final int code, final String name) {
        require(code < choices.length, name + " has the codes 0 to " + (choices.length - 1) + ", given " + code);
        return choices[code];
    }

    private static int within(final DirectBuffer buffer, final int lengthBytes) {
        require(lengthBytes >= 0 && lengthBytes <= buffer.capacity(), "the bytes of the decision end early");
        return lengthBytes;
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
