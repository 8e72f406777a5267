package io.quorate.peer.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.Topology;
import io.quorate.engine.decision.Decision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rounds in examples/ end as the demo says, for every size of group that the demo can start. */
class ExamplesTest {
    @ParameterizedTest
    @ValueSource(strings = {"exact", "near"})
    void shouldHaveNoWinnerInTheMissionsOwnRound(final String grouping) throws IOException {
        final RoundFile file = example("mission");
        assertThat(file.topology().connectionCount()).isEqualTo(6);
        assertThat(file.topology().digest()).isEqualTo(Topology.complete(4).digest());
        final Decision decision = decide(new RoundFile(
                file.peers(), file.topology(), file.rope(), file.heads(), file.faultTolerance(), 3, grouping));
        assertThat(decision.isAgreed()).isFalse();
        assertThat(decision.reason()).isEqualTo("4 answers differ: the largest group has 1 of 4 peers, quorum is 3");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 8, 9, 10})
    void shouldHaveAClearWinner(final int peers) throws IOException {
        final Decision decision = decide(first(example("clear-winner"), peers));
        assertThat(decision.isAgreed()).isTrue();
        assertThat(decision.support()).hasSizeGreaterThanOrEqualTo(peers - 1);
        assertThat(decision.verdict().consensus()).contains("Roll back release 2026.11.3");
        assertThat(decision.verdict().strength()).isGreaterThan(0.85);
    }

    @ParameterizedTest
    @CsvSource({"4, 1", "5, 1", "6, 1", "7, 2", "8, 2", "9, 2", "10, 3"})
    void shouldNameEveryLiar(final int peers, final int liars) throws IOException {
        final RoundFile file = first(example("lying-peer"), peers);
        assertThat(file.dimension()).isEqualTo(384);
        final LocalRound round = LocalRound.of(file, Coordinator.Mode.BYZANTINE);
        final Decision decision = round.decision();
        assertThat(decision.isAgreed()).isTrue();
        assertThat(decision.support()).hasSize(peers - liars);
        final List<String> named = decision.byzantine().stream()
                .map(suspect -> round.names().get(suspect.peerId()))
                .toList();
        assertThat(named)
                .containsExactlyInAnyOrderElementsOf(
                        List.of("meter-south", "feeder-c", "auditor").subList(0, liars));
        assertThat(decision.verdict().consensus()).contains("no feeder needs relief");
    }

    @Test
    void shouldNotDependOnTheOrderOfTheFile() throws IOException {
        final RoundFile file = example("lying-peer");
        final List<RoundFile.Peer> turned = new ArrayList<>(file.peers());
        Collections.rotate(turned, 3);
        Collections.swap(turned, 1, 5);
        assertThat(decide(withPeers(file, turned)).digest())
                .isEqualTo(decide(file).digest());
    }

    @Test
    void shouldTurnTheMissionsGridByItsGraph() throws IOException {
        final RoundFile file = example("topology");
        assertThat(file.topology().connectionCount()).isEqualTo(12);
        final Decision decision = LocalRound.of(file, Coordinator.Mode.TOPOLOGY).decision();
        assertThat(decision.isAgreed()).isTrue();
        assertThat(decision.support()).containsExactly(0, 1, 2, 3, 4, 5, 6);
        assertThat(decision.details())
                .isEqualTo(new Decision.Turn(
                        HexFormat.of().formatHex(file.topology().digest()), Topology.Rope.DEFAULT));
        final Decision plain = LocalRound.of(file, Coordinator.Mode.ATTENTION).decision();
        assertThat(decision.contributors()).isNotEqualTo(plain.contributors());
        // Equal answers have equal vectors, and still their places in the grid make them differ.
        assertThat(decision.contributors().stream()
                        .map(Decision.Contributor::influence)
                        .distinct())
                .hasSizeGreaterThan(5);
    }

    @Test
    void shouldStayInTheHonestRangeInTheGossipExample() throws IOException {
        final RoundFile file = example("gossip");
        final LocalRound round = LocalRound.of(file, Coordinator.Mode.GOSSIP);
        assertThat(round.converges()).isTrue();
        assertThat(round.decision().settings().faulty()).isEqualTo(1);
        assertThat(round.decision().isAgreed()).isTrue();
        assertThat(round.decision().fused()[0]).isBetween(21.24f, 21.6f);
        assertThat(round.decision().fused()[3]).isBetween(1012.79f, 1013.25f);
        final Decision.Gossip gossip = (Decision.Gossip) round.decision().details();
        assertThat(gossip.rounds()).isEqualTo(4);
        assertThat(gossip.spreadAfter()).isLessThan(gossip.spreadBefore() / 2);
        assertThat(gossip.finalDistances()).hasSize(8);
        assertThatThrownBy(() -> LocalRound.of(example("topology"), Coordinator.Mode.GOSSIP))
                .hasMessage("mode gossip: peer \"A\" has 2 neighbours; against f = 2 liars every peer needs at least"
                        + " 2f + 1 = 5: connect it to more peers, or lower the fault tolerance");
    }

    @ParameterizedTest
    @EnumSource(
            value = Coordinator.Mode.class,
            names = {"TOPOLOGY", "GOSSIP"})
    void shouldNotDependOnTheOrderOfTheFileEvenWithAGraph(final Coordinator.Mode mode) throws IOException {
        final RoundFile file = example(mode.label());
        final List<Integer> places = new ArrayList<>();
        for (int i = 0; i < file.peers().size(); i++) {
            places.add(i);
        }
        Collections.rotate(places, 3);
        Collections.swap(places, 1, 5);
        final List<RoundFile.Peer> turned = new ArrayList<>();
        places.forEach(place -> turned.add(file.peers().get(place)));
        final List<Topology.Connection> connections = new ArrayList<>();
        for (int k = 0; k < file.topology().connectionCount(); k++) {
            final Topology.Connection one = file.topology().connection(k);
            connections.add(
                    0, new Topology.Connection(places.indexOf(one.to()), places.indexOf(one.from()), one.weight()));
        }
        final RoundFile other = new RoundFile(
                turned,
                Topology.of(turned.size(), connections),
                file.rope(),
                file.heads(),
                file.faultTolerance(),
                file.gossipRounds(),
                file.grouping());
        assertThat(LocalRound.of(other, mode).decision().digest())
                .isEqualTo(LocalRound.of(file, mode).decision().digest());
    }

    private static Decision decide(final RoundFile file) {
        return LocalRound.of(file, Coordinator.Mode.BYZANTINE).decision();
    }

    private static RoundFile first(final RoundFile file, final int peers) {
        return withPeers(file, file.peers().subList(0, peers));
    }

    private static RoundFile withPeers(final RoundFile file, final List<RoundFile.Peer> peers) {
        return new RoundFile(
                peers,
                Topology.complete(peers.size()),
                file.rope(),
                file.heads(),
                file.faultTolerance(),
                file.gossipRounds(),
                file.grouping());
    }

    private static RoundFile example(final String name) throws IOException {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("examples"))) {
            folder = folder.getParent();
        }
        return RoundFile.read(folder.resolve("examples").resolve(name + ".json"));
    }
}
