package io.quorate.peer.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Unix-domain socket between a server and its clients. */
class AdminServerIT {
    @TempDir
    private Path folder;

    @Test
    void shouldAnswerEachLine() throws IOException {
        try (AdminServer server = AdminServer.launch(folder, request -> Map.of("echo", request.get("word")));
                AdminClient client = AdminClient.connect(folder)) {
            assertThat(client.request(Map.of("word", "eins"))).containsEntry("echo", "eins");
            assertThat(client.request(Map.of("word", "zwei"))).containsEntry("echo", "zwei");
            assertThat(server).isNotNull();
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldTellWrongInputFromFailure() throws IOException {
        final AdminHandler handler = request -> {
            if (request.containsKey("wrong")) {
                throw new IllegalArgumentException("that is wrong");
            }
            throw new IllegalStateException("not now");
        };
        try (AdminServer server = AdminServer.launch(folder, handler);
                AdminClient client = AdminClient.connect(folder)) {
            assertThatThrownBy(() -> client.request(Map.of("wrong", 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("that is wrong");
            assertThatThrownBy(() -> client.request(Map.of("right", 1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("not now");
            assertThat(server).isNotNull();
        }
    }

    @Test
    void shouldServeOthersWhileOneWaits() throws Exception {
        final CountDownLatch waiting = new CountDownLatch(1);
        final CountDownLatch release = new CountDownLatch(1);
        final AdminHandler handler = request -> {
            if (request.containsKey("wait")) {
                waiting.countDown();
                release.await();
            }
            return Map.of("done", true);
        };
        try (AdminServer server = AdminServer.launch(folder, handler);
                AdminClient slow = AdminClient.connect(folder);
                AdminClient fast = AdminClient.connect(folder)) {
            final Thread thread = Thread.ofVirtual().start(() -> {
                try {
                    slow.request(Map.of("wait", true));
                } catch (final IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            waiting.await();
            assertThat(fast.request(Map.of())).containsEntry("done", true);
            release.countDown();
            thread.join();
            assertThat(server).isNotNull();
        }
    }

    @Test
    void shouldReplaceSocketOfKilledProcess() throws IOException {
        Files.createFile(folder.resolve("admin.sock"));
        try (AdminServer server = AdminServer.launch(folder, request -> Map.of("alive", true));
                AdminClient client = AdminClient.connect(folder)) {
            assertThat(client.request(Map.of())).containsEntry("alive", true);
            assertThat(server).isNotNull();
        }
    }

    @Test
    void shouldSayThatNobodyIsThere() {
        assertThatThrownBy(() -> AdminClient.connect(folder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no peer is running in " + folder);
        assertThatThrownBy(() -> AdminClient.connect(folder.resolve("nowhere")))
                .isInstanceOf(IllegalArgumentException.class);
        final Path deep = folder.resolve("d".repeat(120));
        assertThatThrownBy(() -> AdminClient.connect(deep)).hasMessageContaining("at most 103 are allowed");
    }

    @Test
    void shouldEndClientsOnClose() throws IOException {
        final AdminServer server = AdminServer.launch(folder, request -> Map.of());
        try (AdminClient client = AdminClient.connect(folder)) {
            client.request(Map.of());
            server.close();
            assertThatThrownBy(() -> client.request(Map.of()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("stopped before it answered");
        }
    }
}
