package io.quorate.peer.round;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.Grouping;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.coordination.Round;
import io.quorate.engine.coordination.Topology;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.quorum.Quorum;
import io.quorate.kernels.embed.HashedEmbedder;
import io.quorate.kernels.gossip.Neighbourhoods;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.agrona.ExpandableArrayBuffer;

/**
 * A round computed in this process alone: what a group computes after it has ordered the same outputs.
 *
 * @param names by peer id
 * @param converges of mode gossip: true if averages converge on this graph whatever f stubborn peers do, false if that is not
 *     claimed; null in other modes, and where the graph is too large to tell
 */
public record LocalRound(Decision decision, List<String> names, Boolean converges) {
    private static final String NAME = "local";

    public LocalRound {
        names = List.copyOf(names);
    }

    /**
     * Computes the decision; the peer ids are the ranks of the peers' names by code point, so that the order of the file does
     * not matter.
     */
    public static LocalRound of(final RoundFile file, final Coordinator.Mode mode) {
        final List<RoundFile.Peer> peers = file.peers().stream()
                .sorted(Comparator.comparing(
                        peer -> peer.id().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
                .toList();
        final CoordinatorContext context = new CoordinatorContext()
                .peerCount(peers.size())
                .dimension(file.dimension())
                .heads(file.heads())
                .mode(mode)
                .faultTolerance(file.faultTolerance())
                .grouping(Grouping.Rule.of(file.grouping()))
                .contentLengthMax(CoordinatorContext.CONTENT_LENGTH_MAX)
                .gossipRounds(file.gossipRounds())
                .topology(topology(file, peers))
                .rope(file.rope());
        conclude(context, peers);
        try (Round round = new Round(context);
                Coordinator coordinator = new Coordinator(context)) {
            fill(round, context, peers);
            final long startNs = System.nanoTime();
            coordinator.coordinate(round);
            final long executionNs = System.nanoTime() - startNs;
            return new LocalRound(
                    Decision.of(round, 0, coordinator, executionNs),
                    peers.stream().map(RoundFile.Peer::id).toList(),
                    mode == Coordinator.Mode.GOSSIP ? converges(context) : null);
        }
    }

    private static Boolean converges(final CoordinatorContext context) {
        final Neighbourhoods graph = context.topology().neighbourhoods();
        final int reach = context.faulty() + 1;
        if (context.faulty() == 0) {
            return graph.diameter() >= 0;
        }
        return graph.nodes() <= Neighbourhoods.ROBUST_NODES_MAX ? graph.isRobust(reach, reach) : null;
    }

    /** The graph of the file, from places in its list to peer ids. */
    private static Topology topology(final RoundFile file, final List<RoundFile.Peer> sorted) {
        final int[] ids = new int[sorted.size()];
        Arrays.setAll(ids, place -> sorted.indexOf(file.peers().get(place)));
        final List<Topology.Connection> connections = new ArrayList<>();
        for (int k = 0; k < file.topology().connectionCount(); k++) {
            final Topology.Connection one = file.topology().connection(k);
            connections.add(new Topology.Connection(ids[one.from()], ids[one.to()], one.weight()));
        }
        return Topology.of(sorted.size(), connections);
    }

    /** A file knows its peers by name, so its errors do, too. */
    private static void conclude(final CoordinatorContext context, final List<RoundFile.Peer> peers) {
        final Topology topology = context.topology();
        final int faulty = Math.min(
                (int) Math.floor(context.faultTolerance() * peers.size()),
                Quorum.of(peers.size()).faultyMax());
        final int peer = context.mode() == Coordinator.Mode.GOSSIP ? topology.peerBelow(faulty) : -1;
        if (peer >= 0) {
            throw new IllegalArgumentException(
                    topology.complaint(peer, "peer \"" + peers.get(peer).id() + "\"", faulty));
        }
        context.conclude();
    }

    private static void fill(final Round round, final CoordinatorContext context, final List<RoundFile.Peer> peers) {
        final HashedEmbedder embedder = new HashedEmbedder(RoundFile.EMBEDDER_DIMENSION);
        final PeerOutput output = new PeerOutput(context);
        final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
        round.open(NAME);
        for (int peerId = 0; peerId < peers.size(); peerId++) {
            final RoundFile.Peer peer = peers.get(peerId);
            final float[] vector = peer.embedding() == null ? embedder.embed(peer.content()) : peer.embedding();
            final int length = PeerOutput.encode(command, 0, NAME, peer.type(), peer.content(), vector);
            final ContributionOutcome outcome = output.wrap(command, 0, length);
            if (outcome != ContributionOutcome.ACCEPTED) {
                throw new IllegalArgumentException("peer \"" + peer.id() + "\": " + outcome.sentence());
            }
            round.add(peerId, output);
        }
    }
}
