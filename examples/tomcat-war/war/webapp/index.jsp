<%@ page contentType="text/html; charset=UTF-8" %>
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>sample.war</title>
  <link rel="stylesheet" href="style.css">
</head>
<body>
  <h1>Hello from sample.war</h1>
  <p>This page came out of one image and is served by another.</p>
  <dl>
    <dt>Application</dt><dd><%= application.getServletContextName() %></dd>
    <dt>Served by</dt><dd><%= application.getServerInfo() %></dd>
    <dt>Java</dt><dd><%= System.getProperty("java.version") %></dd>
    <dt>In the pod</dt><dd><%= java.net.InetAddress.getLocalHost().getHostName() %></dd>
    <dt>Unpacked at</dt><dd><%= application.getRealPath("/") %></dd>
    <dt>Time</dt><dd><%= java.time.Instant.now().truncatedTo(java.time.temporal.ChronoUnit.SECONDS) %></dd>
  </dl>
</body>
</html>
