package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopologyTest {
    @Test
    void shouldNotDependOnOrderAndDirection() {
        final Topology one = Topology.parse(4, "0-1 1-2:0.5 3-0 2-3:0");
        final Topology other = Topology.parse(4, " 0-3:1.0  2-1:5e-1 1-0 0-1:1 ");
        assertThat(one.digest()).isEqualTo(other.digest());
        assertThat(one.connectionCount()).isEqualTo(3);
        assertThat(one.connection(0)).isEqualTo(new Topology.Connection(0, 1, 1));
        assertThat(one.connection(1)).isEqualTo(new Topology.Connection(0, 3, 1));
        assertThat(one.connection(2)).isEqualTo(new Topology.Connection(1, 2, 0.5));
        assertThat(one.digest())
                .isNotEqualTo(Topology.parse(4, "0-1 1-2 3-0").digest())
                .isNotEqualTo(Topology.parse(5, "0-1 1-2:0.5 3-0").digest());
    }

    @Test
    void shouldKnowTheCompleteGraph() {
        assertThat(Topology.complete(4).isComplete()).isTrue();
        assertThat(Topology.complete(4).digest())
                .isEqualTo(Topology.parse(4, "0-1 0-2 0-3 1-2 1-3 2-3").digest());
        assertThat(Topology.parse(4, "0-1").isComplete()).isFalse();
        assertThat(Topology.complete(1).connectionCount()).isZero();
    }

    @Test
    void shouldFindThePeerWithTooFewNeighbours() {
        assertThat(Topology.complete(4).peerBelow(1)).isEqualTo(-1);
        assertThat(Topology.complete(4).peerBelow(2)).isZero();
        assertThat(Topology.parse(4, "0-1 0-2 0-3 1-2 1-3").peerBelow(1)).isEqualTo(2);
        assertThat(Topology.complete(1).peerBelow(0)).isEqualTo(-1);
        assertThat(Topology.parse(2, "").peerBelow(0)).isZero();
        assertThatThrownBy(() -> Rounds.context(4, 8)
                        .mode(Coordinator.Mode.GOSSIP)
                        .topology(Topology.parse(4, "0-1 0-2 0-3 1-2 1-3"))
                        .conclude())
                .hasMessage("mode gossip: peer 2 has 2 neighbours; against f = 1 liar every peer needs at least"
                        + " 2f + 1 = 3: connect it to more peers, or lower the fault tolerance");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0-4|joins a peer that is not there: peers are 0 to 3",
                "2-2|joins a peer with itself",
                "0-1:-1|has the weight -1.0, allowed are 0 and",
                "0-1:1e101|has the weight 1.0E101",
                "0-1 1-0:2|is given twice, with the weights 1.0 and 2.0",
                "0-1,1-2|\"0-1,1-2\" is no connection",
                "0-1:NaN|\"0-1:NaN\" is no connection",
                "0-1:1.2.3|\"0-1:1.2.3\" has no number for its weight"
            })
    void shouldRefuseWhatIsNoGraph(final String text, final String message) {
        assertThatThrownBy(() -> Topology.parse(4, text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void shouldRefuseSettingsThatDoNotFitTheGroup() {
        assertThatThrownBy(() ->
                        Rounds.context(4, 8).topology(Topology.complete(3)).conclude())
                .hasMessage("the topology has 3 peers, the group 4");
        assertThatThrownBy(() -> Rounds.context(4, 24)
                        .heads(8)
                        .mode(Coordinator.Mode.TOPOLOGY)
                        .conclude())
                .hasMessageContaining("heads 8 leave 3 of the dimension 24 to each head, an odd number");
        assertThatThrownBy(() -> Rounds.context(4, 8).gossipRounds(1001).conclude())
                .hasMessage("gossipRounds is 0 to 1000, given 1001");
        assertThatThrownBy(() -> new Topology.Rope(Topology.Rope.Mode.RESISTANCE, Double.NaN, 1))
                .hasMessage("sigma is 0 to 1000.0, given NaN");
        assertThatThrownBy(() -> new Topology.Rope(Topology.Rope.Mode.RESISTANCE, 1, 0.5))
                .hasMessage("the ladder is 1 to 1000.0, given 0.5");
        assertThat(Topology.of(3, List.of()).connectionCount()).isZero();
    }
}
