import RepriseWorker

var table = ExchangeTable()
print(table.count)
