package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.virtual.SimClock;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class SimNetworkTest {
    private static final int CERTAIN = SimRandom.CERTAIN_PPM;

    private final SimClock clock = new SimClock();
    private final Trace trace = new Trace(null);
    private final SimNetwork network = new SimNetwork(3, new int[0], clock, new SimRandom(9), trace);
    private final List<String> received = new ArrayList<>();
    private final SimNetwork.Port[] ports = new SimNetwork.Port[3];

    SimNetworkTest() {
        for (int peer = 0; peer < 3; peer++) {
            attach(peer, 1);
        }
    }

    @Test
    void shouldDeliverTheMessagesOfOneFrameInOrder() {
        send(0, 1, "one");
        send(0, 1, "a message of another length");
        send(0, 2, "two");
        assertThat(received).isEmpty();
        ports[0].flush();
        run();
        assertThat(received).containsExactlyInAnyOrder("0>1 one", "0>1 a message of another length", "0>2 two");
        assertThat(received.indexOf("0>1 one")).isLessThan(received.indexOf("0>1 a message of another length"));
        assertThat(network.framesSent()).isEqualTo(2);
    }

    @Test
    void shouldLoseDuplicateAndReorder() {
        network.conditions(new SimNetwork.Conditions(0, 1_000_000, 0, 0, CERTAIN / 5, CERTAIN / 5, 0, 0, 0));
        for (int index = 0; index < 1000; index++) {
            send(0, 1, "m" + index);
            ports[0].flush();
        }
        run();
        final int distinct = new HashSet<>(received).size();
        assertThat(distinct).isBetween(700, 900);
        assertThat(received.size() - distinct).isBetween(80, 240);
        assertThat(received).isNotEqualTo(received.stream().sorted().toList());
    }

    @Test
    void shouldReplayOldFrames() {
        network.conditions(new SimNetwork.Conditions(0, 10, 0, 0, 0, 0, CERTAIN / 2, 0, 0));
        for (int index = 0; index < 50; index++) {
            send(0, 1, "m" + index);
            ports[0].flush();
            run();
        }
        assertThat(received).hasSizeGreaterThan(60);
        assertThat(new HashSet<>(received)).hasSize(50);
    }

    @Test
    void shouldNeverDeliverDamage() {
        network.conditions(new SimNetwork.Conditions(0, 10, 0, 0, 0, 0, 0, CERTAIN, 0));
        send(0, 1, "damaged");
        ports[0].flush();
        run();
        assertThat(received).isEmpty();
        assertThat(trace.tail()).contains("damages a frame to 1");
    }

    @Test
    void shouldRefuseWhenTold() {
        network.conditions(new SimNetwork.Conditions(0, 10, 0, 0, 0, 0, 0, 0, CERTAIN));
        final UnsafeBuffer message = new UnsafeBuffer(new byte[8]);
        assertThat(ports[0].send(1, message, 0, 8)).isFalse();
    }

    @Test
    void shouldCutOneDirectionOnly() {
        network.cut(0, 1, true);
        network.cut(0, 1, true);
        send(0, 1, "there");
        send(1, 0, "back");
        ports[0].flush();
        ports[1].flush();
        run();
        assertThat(received).containsExactly("1>0 back");
        network.cut(0, 1, false);
        send(0, 1, "still cut");
        ports[0].flush();
        network.cut(0, 1, false);
        send(0, 1, "mended");
        ports[0].flush();
        run();
        assertThat(received).containsExactly("1>0 back", "0>1 mended");
    }

    @Test
    void shouldHoldBackWhatACloggedLinkCarries() {
        network.clog(0, 1, 50_000_000);
        send(0, 1, "late");
        ports[0].flush();
        run();
        assertThat(received).containsExactly("0>1 late");
        assertThat(clock.nowNs()).isGreaterThanOrEqualTo(50_000_000);
    }

    @Test
    void shouldDropFramesOfAnEndedSession() {
        send(0, 1, "to the old life");
        ports[0].flush();
        send(1, 2, "from the old life");
        ports[1].flush();
        final SimNetwork.Port oldPort = ports[1];
        network.detach(1);
        attach(1, 2);
        send(0, 1, "to the new life");
        ports[0].flush();
        oldPort.send(2, new UnsafeBuffer(new byte[8]), 0, 8);
        oldPort.flush();
        run();
        assertThat(received).containsExactly("0>1 to the new life");
    }

    @Test
    void shouldRefuseNonsense() {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[8]);
        assertThatThrownBy(() -> ports[0].send(0, message, 0, 8)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ports[0].send(3, message, 0, 8)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ports[0].send(1, message, 0, SimNetwork.LIMITS.messageLengthMax() + 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private void attach(final int peer, final int incarnation) {
        ports[peer] = network.attach(
                peer,
                incarnation,
                (epoch, senderId, frame, lengthBytes) -> SimNetwork.unpack(
                        senderId,
                        frame,
                        lengthBytes,
                        (sender, buffer, offset, length) -> received.add(
                                sender + ">" + peer + " " + buffer.getStringWithoutLengthAscii(offset, length))));
    }

    private void send(final int from, final int to, final String text) {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[64]);
        final int length = message.putStringWithoutLengthAscii(0, text);
        assertThat(ports[from].send(to, message, 0, length)).isTrue();
    }

    private void run() {
        while (clock.step()) {
            assertThat(clock.waiting()).isLessThan(10_000);
        }
    }
}
