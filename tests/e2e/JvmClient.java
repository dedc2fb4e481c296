// What a JVM's own HTTP client does with its defaults: it offers an upgrade to HTTP/2 with every plain request.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class JvmClient {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (String body : new String[] {arguments[1], arguments[2], arguments[1]}) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0] + "/v1/messages"))
                .header("content-type", "application/json")
                .header("x-api-key", "any")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.version() + " " + response.body().replace("\n", " "));
        }
    }
}
