package io.quorate.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.Outbox;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AeronTransportIT {
    @ParameterizedTest
    @EnumSource(EmbeddedDriver.Threading.class)
    void shouldExchangeBetweenTwoPeersInEveryThreading(final EmbeddedDriver.Threading threading) throws IOException {
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        try (AeronPeers group = new AeronPeers(folder, 2, DriverSettings.defaults(), threading)) {
            group.runUntil("both are ready", group::allReady);
            group.deliver(0, 1, "hello");
            group.deliver(1, 0, "good day");
            assertThat(group.peers.get(0).transport.counters().total(LinkCounter.SESSIONS_OPENED))
                    .isEqualTo(1);
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void shouldExchangeBetweenFourPeers() {
        try (AeronPeers group = AeronPeers.of(4)) {
            group.runUntil("all are ready", group::allReady);
            for (int from = 0; from < 4; from++) {
                for (int to = 0; to < 4; to++) {
                    if (from != to) {
                        group.deliver(from, to, "from " + from + " to " + to);
                    }
                }
            }
            assertThat(group.peers.get(2).received).contains("0:from 0 to 2", "1:from 1 to 2", "3:from 3 to 2");
        }
    }

    @Test
    void shouldPackMessagesOfOneFlushIntoOneFrame() {
        try (AeronPeers group = AeronPeers.of(2)) {
            group.runUntil("both are ready", group::allReady);
            final AeronTransport sender = group.peers.get(0).transport;
            final UnsafeBuffer message = AeronPeers.message("x".getBytes());
            final long framesBefore = sender.counters().get(1, LinkCounter.FRAMES_SENT);
            for (int i = 0; i < 10; i++) {
                assertThat(sender.outbox().send(1, message, 0, message.capacity()))
                        .isTrue();
            }
            sender.outbox().flush();
            assertThat(sender.counters().get(1, LinkCounter.FRAMES_SENT) - framesBefore)
                    .isEqualTo(1);
            assertThat(sender.counters().get(1, LinkCounter.MESSAGES_SENT)).isEqualTo(10);
            group.runUntil(
                    "all ten have come", () -> group.peers.get(1).received.size() == 10);
        }
    }

    @Test
    void shouldCarryTheLongestMessages() {
        try (AeronPeers group = AeronPeers.of(2)) {
            group.runUntil("both are ready", group::allReady);
            final AeronTransport sender = group.peers.get(0).transport;
            final int longest = sender.limits().messageLengthMax();
            assertThat(longest).isGreaterThan(250 * 1024);
            final Random random = new Random(7);
            for (final int length : new int[] {1500, 64 * 1024, 250 * 1024, longest - 8}) {
                final byte[] body = new byte[length];
                random.nextBytes(body);
                final UnsafeBuffer message = AeronPeers.message(body);
                assertThat(sender.outbox().send(1, message, 0, message.capacity()))
                        .isTrue();
                final String expected = "0:" + length + " bytes of " + AeronPeers.sum(body);
                group.runUntil(
                        length + " bytes have come",
                        () -> group.peers.get(1).received.contains(expected));
            }
            final UnsafeBuffer tooLong = new UnsafeBuffer(new byte[longest + 1]);
            assertThatThrownBy(() -> sender.outbox().send(1, tooLong, 0, longest + 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("must be 1 to " + longest);
        }
    }

    @Test
    void shouldReachAPeerThatRestartsOnTheSamePort() {
        try (AeronPeers group = AeronPeers.of(4)) {
            group.runUntil("all are ready", group::allReady);
            group.deliver(0, 3, "before");
            group.stop(3);
            group.runFor(300_000_000);
            group.deliver(0, 1, "the others go on");
            group.restart(3);
            group.deliver(0, 3, "after");
            group.deliver(3, 0, "I am back");
            group.deliver(1, 3, "so you are");
        }
    }

    @Test
    void shouldRefuseInsteadOfBlockingWhenTheReceiverStops() {
        try (AeronPeers group = AeronPeers.of(3)) {
            group.runUntil("all are ready", group::allReady);
            final AeronPeers.Peer sender = group.peers.get(0);
            final UnsafeBuffer message = AeronPeers.message(new byte[32 * 1024]);
            boolean refused = false;
            for (int i = 0; i < 500 && !refused; i++) {
                refused = !sender.transport.outbox().send(1, message, 0, message.capacity());
                sender.run();
            }
            assertThat(refused).as("peer 1 does not read, so its window fills").isTrue();
            assertThat(sender.transport.counters().get(1, LinkCounter.BACK_PRESSURED))
                    .isPositive();
            assertThat(sender.transport.counters().get(1, LinkCounter.MESSAGES_REFUSED))
                    .isPositive();
            group.deliver(0, 2, "peer 2 does not suffer");
            group.deliver(0, 1, "and peer 1 comes back");
        }
    }

    @Test
    void shouldRebuildEverythingAfterTheClientIsLost() {
        try (AeronPeers group = AeronPeers.of(2)) {
            group.runUntil("both are ready", group::allReady);
            group.peers.get(0).transport.loseClient();
            group.deliver(0, 1, "rebuilt");
            group.deliver(1, 0, "heard");
            assertThat(group.peers.get(0).transport.reconnects()).isEqualTo(1);
        }
    }

    @Test
    void shouldRebuildEverythingAfterALongPause() throws IOException, InterruptedException {
        final DriverSettings d = DriverSettings.defaults();
        final DriverSettings impatient = new DriverSettings(
                d.mtuLength(),
                d.socketReceiveLength(),
                d.socketSendLength(),
                d.initialWindowLength(),
                d.termLength(),
                2_000_000_000L,
                2_000_000_000L);
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        try (AeronPeers group = new AeronPeers(folder, 2, impatient, EmbeddedDriver.Threading.SHARED)) {
            group.runUntil("both are ready", group::allReady);
            Thread.sleep(4_500);
            group.deliver(0, 1, "after the pause");
            group.deliver(1, 0, "here too");
            assertThat(group.peers.get(0).transport.reconnects()).isPositive();
        }
    }

    @Test
    void shouldAllocateNothingInSteadyState() throws IOException {
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        try (AeronPeers group = new AeronPeers(folder, 2, DriverSettings.defaults(), EmbeddedDriver.Threading.SHARED)) {
            group.runUntil("both are ready", group::allReady);
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            final UnsafeBuffer message = AeronPeers.message(new byte[200]);
            final long[] received = new long[1];
            final FrameHandler handler = (senderId, buffer, offset, length) -> received[0]++;
            long allocated = Long.MAX_VALUE;
            for (int block = 0; block < 10 && allocated > 0; block++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 20_000; i++) {
                    for (int id = 0; id < 2; id++) {
                        final AeronTransport transport = group.peers.get(id).transport;
                        transport.doWork(System.nanoTime());
                        transport.inbox().poll(handler, 64);
                        transport.outbox().send(1 - id, message, 0, message.capacity());
                        transport.outbox().flush();
                    }
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(received[0]).isPositive();
            assertThat(allocated).as("bytes in 20,000 duty cycles of two peers").isZero();
        }
    }

    @Test
    void shouldSayWhichPortIsInUse() throws IOException {
        try (AeronPeers group = AeronPeers.of(2)) {
            final Path other = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
            try (EmbeddedDriver driver = EmbeddedDriver.launch(
                    other.resolve("driver"), EmbeddedDriver.Threading.INVOKER, DriverSettings.defaults())) {
                assertThatThrownBy(() -> AeronTransport.launch(new AeronTransportContext()
                                .roster(group.roster)
                                .identity(group.identities.get(0))
                                .driver(driver)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("cannot open")
                        .hasMessageContaining(
                                String.valueOf(group.roster.peer(0).port()));
            }
            assertThat(other).isEmptyDirectory();
            Files.delete(other);
        }
    }

    @Test
    void shouldRefuseToSendToItselfOrToNobody() {
        try (AeronPeers group = AeronPeers.of(2)) {
            final Outbox outbox = group.peers.get(0).transport.outbox();
            final UnsafeBuffer message = AeronPeers.message(new byte[8]);
            for (final int peerId : new int[] {0, 2, -1}) {
                assertThatThrownBy(() -> outbox.send(peerId, message, 0, message.capacity()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("peer " + peerId);
            }
            assertThat(outbox.send(1, message, 0, message.capacity()))
                    .as("no session yet")
                    .isFalse();
        }
    }
}
