import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Takes orders from the queue and writes their invoices. */
public class Invoiced {
    private static final Logger LOG = Logger.getLogger("shop.invoice.Invoiced");
    private static final Path FOLDER = Path.of("/srv/app/invoices");

    static String take(Socket queue, BufferedReader in) throws IOException {
        queue.getOutputStream().write("BRPOP invoices 5\r\n".getBytes(StandardCharsets.US_ASCII));
        String head = in.readLine();
        if (head == null) throw new IOException("queue closed the connection");
        if (head.startsWith("-")) throw new IOException(head);
        if (head.equals("*-1")) return null;
        in.readLine();
        in.readLine();
        in.readLine();
        return in.readLine();
    }

    static void invoice(String order) {
        String[] parts = order.split("\\|");
        long began = System.nanoTime();
        try {
            double total = Double.parseDouble(parts[1]);
            String text = ("Invoice for order " + parts[0] + ", total " + total + "\n").repeat(20);
            Files.writeString(FOLDER.resolve("invoice-" + parts[0] + ".txt"), text);
            LOG.info("invoice for order " + parts[0] + " written in " + (System.nanoTime() - began) / 1000 + " us");
            if (total > 800) LOG.warning("order " + parts[0] + " needs approval: total " + total + " is above 800.0");
        } catch (IOException error) {
            LOG.log(Level.SEVERE, "invoice for order " + parts[0] + " could not be written", error);
        } catch (RuntimeException error) {
            LOG.log(Level.SEVERE, "invoice for order " + parts[0] + " failed", error);
        }
    }

    public static void main(String[] arguments) throws Exception {
        LOG.info("invoice worker starts, folder " + FOLDER);
        while (true) {
            try (Socket queue = new Socket("127.0.0.1", 6380);
                 BufferedReader in = new BufferedReader(new InputStreamReader(queue.getInputStream()))) {
                LOG.info("connected to queue at 127.0.0.1:6380");
                while (true) {
                    String order = take(queue, in);
                    if (order == null) LOG.fine("nothing to do");
                    else invoice(order);
                }
            } catch (IOException error) {
                LOG.log(Level.WARNING, "lost the queue, trying again in 2 s", error);
                Thread.sleep(2000);
            }
        }
    }
}
